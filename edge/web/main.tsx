// The entry of the page: signs the browser in where the address carries a code, then draws.
import { render } from 'preact'
import { recall } from './call.ts'
import { isSignedIn, signIn, takeSignInCode } from './edge-api.ts'
import { Page, SignedOut } from './page.tsx'

async function start(): Promise<void> {
  const root = document.getElementById('page')
  if (root === null) return
  const code = takeSignInCode()
  const wasAccepted = code === undefined ? undefined : await signIn(code)
  if (wasAccepted !== true && !(await isSignedIn())) return render(<SignedOut hadCode={code !== undefined} />, root)
  await recall()
  render(<Page />, root)
}

void start()
