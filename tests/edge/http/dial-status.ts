// Dials /ws/chat and tells the status of the answer: 101 where the socket opened, which is then closed.
import { WebSocket } from 'ws'

export async function dialStatus(
  url: string,
  { protocols = [], headers = {} }: { protocols?: string[]; headers?: Record<string, string> } = {},
): Promise<number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/chat`, ['parley.chat.v1', ...protocols], { headers })
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0)
      socket.terminate()
    })
    socket.on('open', () => {
      resolve(101)
      socket.terminate()
    })
    // What terminate() causes after an answer changes nothing any more.
    socket.on('error', reject)
  })
}
