// What the caller sees: the conversation, one button to talk, a box to write. Draws signals; owns nothing.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ViewTurn } from '#shared/client/conversation-view.ts'
import { MAX_TEXT_CHARS } from '#shared/protocol/limits.ts'
import {
  earlier,
  isTalking,
  level,
  link,
  problem,
  startOver,
  toggleTalking,
  view,
  write,
  type LinkState,
} from './call.ts'

const LINK_TEXT: Record<LinkState, string> = {
  idle: 'Ready when you are',
  connecting: 'Connecting …',
  ready: 'Connected',
  reconnecting: 'Connection lost, trying again …',
  ended: 'The call has ended',
}

export function Page() {
  return (
    <div class='page'>
      <header>
        <h1>{view.value.personaName ?? 'Parley'}</h1>
        <span class='state' role='status'>
          <span class='dot' data-link={link.value} />
          {LINK_TEXT[link.value]}
        </span>
        <NewConversation />
      </header>
      <Transcript />
      <footer>
        <Problem />
        <TalkButton />
        <WriteBox />
        <FinePrint />
      </footer>
    </div>
  )
}

export function SignedOut({ hadCode }: { hadCode: boolean }) {
  return (
    <div class='page sign-in'>
      <p class='hint'>
        {hadCode ? 'This sign-in address was used already, or is too old. ' : 'This browser is not signed in. '}
        Open the address that <code>npm start</code> prints; each start prints a new one.
      </p>
    </div>
  )
}

function NewConversation() {
  if (view.value.turns.length === 0 && earlier.value === undefined) return null
  return (
    <button type='button' class='plain' onClick={startOver}>
      New conversation
    </button>
  )
}

function Transcript() {
  const end = useRef<HTMLDivElement>(null)
  const before = earlier.value?.turns ?? []
  const turns = view.value.turns
  useEffect(() => end.current?.scrollIntoView({ block: 'end' }), [view.value, earlier.value])
  // What was said before this session is drawn from history, unless the live view has it already.
  const live = new Set(turns.map((turn) => turn.turnId))
  return (
    <main class='transcript' aria-live='polite' aria-label='Conversation'>
      {before.length + turns.length === 0 && (
        <p class='hint'>Press the button and speak English, or write. You may interrupt at any time.</p>
      )}
      {before
        .filter((turn) => !live.has(turn.id))
        .map((turn) => (
          <Exchange key={turn.id} caller={turn.correctedText ?? turn.utteranceText} heard={turn.heardText} rest='' />
        ))}
      {turns.map((turn) => (
        <Turn key={turn.turnId} turn={turn} />
      ))}
      <div ref={end} />
    </main>
  )
}

function Turn({ turn }: { turn: ViewTurn }) {
  const wasCutOff = turn.status === 'interrupted'
  const heard = wasCutOff ? (turn.heard ?? '') : turn.reply
  const rest = wasCutOff && turn.reply.startsWith(heard) ? turn.reply.slice(heard.length) : ''
  return <Exchange caller={turn.utterance} isPartial={turn.partial} heard={heard} rest={rest} />
}

function Exchange(props: { caller: string; isPartial?: boolean; heard: string; rest: string }) {
  return (
    <>
      {props.caller !== '' && <p class={`said caller${props.isPartial ? ' partial' : ''}`}>{props.caller}</p>}
      {props.heard + props.rest !== '' && (
        <p class='said persona'>
          {props.heard}
          {props.rest !== '' && <span class='unheard'>{props.rest}</span>}
        </p>
      )}
    </>
  )
}

function Problem() {
  const text = problem.value ?? view.value.notices.at(-1)
  if (text === undefined) return null
  return (
    <div class='notice' role='alert'>
      {text}
    </div>
  )
}

function TalkButton() {
  const mode = isTalking.value ? 'listening' : 'idle'
  return (
    <>
      <button
        type='button'
        class='talk'
        data-mode={mode}
        aria-pressed={isTalking.value}
        aria-label={isTalking.value ? 'Stop talking' : 'Talk'}
        style={{ '--level': level.value.toFixed(2) }}
        onClick={() => void toggleTalking()}
      >
        <svg
          viewBox='0 0 24 24'
          fill='none'
          stroke='currentColor'
          stroke-width='2'
          stroke-linecap='round'
          aria-hidden='true'
        >
          <rect x='9' y='3' width='6' height='11' rx='3' fill='currentColor' />
          <path d='M5 11a7 7 0 0 0 14 0M12 18v3' />
        </svg>
      </button>
      <div class='mode'>{isTalking.value ? 'Listening — speak, and interrupt whenever you like' : 'Press to talk'}</div>
    </>
  )
}

function WriteBox() {
  const [text, setText] = useState('')
  const submit = (event: Event): void => {
    event.preventDefault()
    const trimmed = text.trim()
    if (trimmed === '') return
    setText('')
    void write(trimmed)
  }
  return (
    <form class='write' onSubmit={submit}>
      <input
        value={text}
        maxLength={MAX_TEXT_CHARS}
        placeholder='… or write'
        aria-label='Write a message'
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type='submit'>Send</button>
    </form>
  )
}

/** Says which engines are there only to prove the loop. */
function FinePrint() {
  const demonstration = (view.value.engines ?? []).filter((engine) => engine.demonstration)
  if (demonstration.length === 0) return null
  return (
    <p class='fine'>
      Demonstration engines: {demonstration.map((engine) => `${engine.name} (${engine.role})`).join(', ')}. Real ones:
      see the README.
    </p>
  )
}
