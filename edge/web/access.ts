// Whether this browser may talk: takes the code out of the address, trades it for a cookie, and says what came of it.
// main.tsx draws by it; call.ts sets it to `out` when the edge no longer knows the cookie.
import { signal } from '@preact/signals'
import { isSignedIn, signIn, takeSignInCode } from './edge-api.ts'

export type Access = 'checking' | 'in' | 'out' | 'codeRefused' | 'unreachable'

export const access = signal<Access>('checking')

export async function checkAccess(): Promise<void> {
  const code = takeSignInCode()
  try {
    const wasAccepted = code !== undefined && (await signIn(code))
    // A code that was used already does no harm in a browser that is signed in.
    if (wasAccepted || (await isSignedIn())) access.value = 'in'
    else access.value = code === undefined ? 'out' : 'codeRefused'
  } catch {
    // No answer, or an unexpected one. The caller can do the same about both.
    access.value = 'unreachable'
  }
}
