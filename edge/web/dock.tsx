// The controls at the foot of the page: stop the reply, talk, begin anew, write.
import { useSignalEffect } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { MAX_TEXT_CHARS } from '#shared/protocol/limits.ts'
import { draft, isTalking, level, mode, startOver, stopReply, toggleTalking, view, write } from './call.ts'
import { MODE_TEXT } from './call-text.ts'
import { Bars, MicrophoneIcon, NewIcon, SendIcon, StopIcon } from './icons.tsx'
import { earlier } from './kept-conversation.ts'

export function Dock() {
  const isReplying = mode.value === 'thinking' || mode.value === 'speaking'
  const hasTurns = view.value.turns.length > 0 || (earlier.value?.turns.length ?? 0) > 0
  return (
    <>
      <div class='dock'>
        {/* aria-disabled and not disabled: the focus stays where it is when the reply ends by itself. */}
        <button
          type='button'
          class='round'
          aria-disabled={!isReplying}
          title='Stop the reply (Esc)'
          onClick={stopReply}
        >
          <StopIcon />
          <span>Stop reply</span>
        </button>
        <TalkButton />
        <button type='button' class='round' aria-disabled={!hasTurns} onClick={() => hasTurns && startOver()}>
          <NewIcon />
          <span>New conversation</span>
        </button>
      </div>
      <p class='mode'>{MODE_TEXT[mode.value]}</p>
      <WriteBox />
    </>
  )
}

function TalkButton() {
  const button = useRef<HTMLButtonElement>(null)
  // It changes fifty times a second, so it bypasses the drawing of components.
  useSignalEffect(() => button.current?.style.setProperty('--level', level.value.toFixed(2)))
  const label = isTalking.value ? 'Stop talking' : 'Talk'
  return (
    <button
      type='button'
      class='talk'
      ref={button}
      data-mode={mode.value}
      data-talking={isTalking.value}
      aria-label={label}
      title={label}
      onClick={() => void toggleTalking()}
    >
      {isTalking.value ? <Bars /> : <MicrophoneIcon />}
    </button>
  )
}

function WriteBox() {
  const submit = (event: Event): void => {
    event.preventDefault()
    const text = draft.value.trim()
    if (text === '') return
    draft.value = ''
    write(text)
  }
  return (
    <form class='write' onSubmit={submit}>
      <input
        value={draft.value}
        maxLength={MAX_TEXT_CHARS}
        placeholder='… or write'
        aria-label='Write a message'
        autocomplete='off'
        enterkeyhint='send'
        onInput={(event) => (draft.value = event.currentTarget.value)}
      />
      <button type='submit' aria-label='Send' aria-disabled={draft.value.trim() === ''}>
        <SendIcon />
      </button>
    </form>
  )
}
