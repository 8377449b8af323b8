// What a browser sees that may not talk (yet): how to sign in, or that the edge does not answer.
import type { Access } from './access.ts'
import { Logo } from './icons.tsx'

const TITLE: Record<Exclude<Access, 'in'>, string> = {
  checking: 'One moment …',
  out: 'Sign in to talk',
  codeRefused: 'This sign-in address no longer works',
  unreachable: 'Parley cannot be reached',
}

export function SignIn({ access, onRetry }: { access: Exclude<Access, 'in'>; onRetry: () => void }) {
  return (
    <main class='sign-in' aria-busy={access === 'checking'}>
      <Logo />
      <div role='status'>
        <h1>{TITLE[access]}</h1>
      </div>
      {access === 'codeRefused' && <p>Each address signs one browser in, once, within ten minutes.</p>}
      {(access === 'out' || access === 'codeRefused') && (
        <p>
          Open the address that <code>npm start</code> prints. Each start prints a new one.
        </p>
      )}
      {access === 'unreachable' && (
        <>
          <p>Is it still running, and is this device online?</p>
          <button type='button' class='plain' onClick={onRetry}>
            Try again
          </button>
        </>
      )}
    </main>
  )
}
