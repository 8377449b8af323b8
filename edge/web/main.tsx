// The entry of the page: finds out whether this browser may talk, and draws what follows from it.
import { render } from 'preact'
import { access, checkAccess } from './access.ts'
import { hangUp, networkChanged } from './call.ts'
import { recallChoices } from './choices.ts'
import { recall } from './kept-conversation.ts'
import { Page } from './page.tsx'
import { SignIn } from './sign-in.tsx'
import { recallVoices } from './voices.ts'

async function enter(): Promise<void> {
  await checkAccess()
  if (access.value === 'in') await Promise.all([recall(), recallChoices(), recallVoices()])
}

function Root() {
  if (access.value === 'in') return <Page />
  return <SignIn access={access.value} onRetry={() => void enter()} />
}

const root = document.getElementById('page')
if (root !== null) render(<Root />, root)
void enter()
// Opening a sign-in address in a tab that already shows the page changes only the fragment. Nothing is loaded then.
addEventListener('hashchange', () => void enter())
addEventListener('pagehide', hangUp)
addEventListener('online', networkChanged)
addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') networkChanged()
})
