// Reads a request's body and says what a failure of its sender is: a fault of the request, never a bug of ours.
import { invalid } from '#shared/fault.ts'
import { isTeardownRace } from '#shared/link/socket.ts'

/** A client that hangs up in the middle is no bug of ours, and nobody is there to read the answer. */
export async function unbroken<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!isTeardownRace(error)) throw error
    throw invalid('body: it broke off', { cause: error })
  }
}
