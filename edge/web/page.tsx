// The page of a browser that may talk: who is on the line, the conversation, and the dock with the one button.
import { useEffect } from 'preact/hooks'
import { banner, link, stopReply, view } from './call.ts'
import { demonstrationText } from './call-text.ts'
import { Dock } from './dock.tsx'
import { CloseIcon, Logo } from './icons.tsx'
import { Settings, SettingsButton } from './settings.tsx'
import { Transcript } from './transcript.tsx'

const LINK_TEXT: Record<typeof link.value, string> = {
  idle: 'Not connected',
  connecting: 'Connecting …',
  ready: 'Connected',
  reconnecting: 'Reconnecting …',
  ended: 'Call ended',
}

export function Page() {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') stopReply()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  return (
    <div class='page'>
      <header>
        <Logo />
        <h1>{view.value.personaName ?? 'Parley'}</h1>
        <span class='state' role='status'>
          <span class='dot' data-link={link.value} />
          <span class='state-text'>{LINK_TEXT[link.value]}</span>
        </span>
        <SettingsButton />
      </header>
      <Settings />
      <Transcript />
      <footer>
        <BannerLine />
        <Dock />
        <FinePrint />
      </footer>
    </div>
  )
}

/** The alert is there even when it is empty: screen readers announce only what is put into an alert that they know. */
function BannerLine() {
  const shown = banner.value
  const dismiss = (): void => {
    banner.value = undefined
    // The pressed button goes away, so the focus moves to the talk button.
    document.querySelector<HTMLElement>('.talk')?.focus()
  }
  return (
    <div role='alert'>
      {shown !== undefined && (
        <div class='banner' data-about={shown.about}>
          <span>{shown.text}</span>
          <button type='button' aria-label='Dismiss' onClick={dismiss}>
            <CloseIcon />
          </button>
        </div>
      )}
    </div>
  )
}

/** Names the demonstration engines. */
function FinePrint() {
  const text = demonstrationText(view.value.engines)
  return text === undefined ? null : <p class='fine'>{text} The README says how to use real ones.</p>
}
