// The conversation so far: its stored turns, the turns of this page as they grow, and texts that are still on their way. All of it
// is shown as text, never as markup.
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { ViewTurn } from '#shared/client/conversation-view.ts'
import type { TurnRecord, TurnStatus } from '#shared/model/turn.ts'
import { isTalking, mode, pending, view, write } from './call.ts'
import { turnText } from './call-text.ts'
import { earlier } from './kept-conversation.ts'

/** A reader who has scrolled up further than this is not scrolled back. */
const NEAR_END_PX = 120
const MAX_UNHEARD_CHARS = 120
const SUGGESTIONS = ['What can you do?', 'Tell me a story.', 'What time is it?']

export function Transcript() {
  const turns = view.value.turns
  const live = new Set<string>(turns.map((turn) => turn.turnId))
  const before = (earlier.value?.turns ?? []).filter((turn) => !live.has(turn.id))
  const isEmpty = before.length + turns.length + pending.value.length === 0
  // The welcome is shown from its beginning.
  const scroller = useStickyEnd(!isEmpty)
  return (
    // It takes the focus, so that a keyboard can scroll it.
    <main class='transcript' ref={scroller} tabIndex={0} aria-label='Conversation'>
      {isEmpty && <Welcome />}
      {/* While the microphone is open a screen reader would talk into it; the persona speaks for itself. */}
      <div class='turns' role='log' aria-label='What was said' aria-live={isTalking.value ? 'off' : 'polite'}>
        {before.map((turn) => (
          <Exchange key={turn.id} {...ofRecord(turn)} />
        ))}
        {turns.map((turn) => (
          <Exchange key={turn.turnId} {...ofView(turn)} />
        ))}
        {pending.value.map((text, i) => (
          <Said key={`${i} ${text}`} by='caller' text={text} isPartial />
        ))}
        {mode.value === 'thinking' && <Dots />}
      </div>
    </main>
  )
}

function Welcome() {
  const ask = (event: Event, text: string): void => {
    // The pressed button goes away, so the focus moves to the conversation.
    if (event.currentTarget instanceof Element) event.currentTarget.closest('main')?.focus()
    write(text)
  }
  return (
    <div class='welcome'>
      <h2>Say hello</h2>
      <p>Press the button and speak English, or write below. You may interrupt at any time.</p>
      <ul class='suggestions' aria-label='Suggestions'>
        {SUGGESTIONS.map((text) => (
          <li key={text}>
            <button type='button' onClick={(event) => ask(event, text)}>
              {text}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

interface ExchangeProps {
  caller: string
  isPartial: boolean
  heard: string
  /** The part of the reply that was never heard. */
  unheard: string
  /** What went wrong. */
  note: string | undefined
  /** It happened on this page just now, so a screen reader announces the note, also while the microphone is open. */
  isLive: boolean
}

function Exchange({ caller, isPartial, heard, unheard, note, isLive }: ExchangeProps) {
  return (
    <>
      {caller !== '' && <Said by='caller' text={caller} isPartial={isPartial} />}
      {heard + unheard !== '' && <Said by='persona' text={heard} unheard={unheard} />}
      {note !== undefined && (
        <p class='note' role={isLive ? 'alert' : undefined}>
          {note}
        </p>
      )}
    </>
  )
}

function Said(props: { by: 'caller' | 'persona'; text: string; unheard?: string; isPartial?: boolean }) {
  const { by, text, unheard = '', isPartial = false } = props
  return (
    <p class={`said ${by}${isPartial ? ' partial' : ''}`} lang={languageOf(text + unheard)} dir='auto'>
      <span class='hidden'>{by === 'caller' ? 'You: ' : `${view.value.personaName ?? 'Parley'}: `}</span>
      {text}
      {unheard !== '' && (
        <s class='unheard' title='You interrupted before this was spoken'>
          {shortened(unheard)}
        </s>
      )}
    </p>
  )
}

function Dots() {
  return (
    <p class='said persona dots' aria-hidden='true'>
      <i />
      <i />
      <i />
    </p>
  )
}

function ofView({ utterance, partial, reply, heard, status, fault }: ViewTurn): ExchangeProps {
  const note = turnText({ status, reply, fault })
  return { caller: utterance, isPartial: partial, note, isLive: true, ...split(reply, heard, status) }
}

function ofRecord(turn: TurnRecord): ExchangeProps {
  const { utteranceText, correctedText, replyText: reply, heardText, status, faultCode } = turn
  const note = turnText({ status, reply, fault: faultCode === undefined ? undefined : { code: faultCode } })
  const caller = correctedText ?? utteranceText
  return { caller, isPartial: false, note, isLive: false, ...split(reply, heardText, status) }
}

/** Only a reply that was not heard to its end has an unheard part. */
function split(reply: string, heard: string | undefined, status: TurnStatus | undefined) {
  if (heard === undefined || status === undefined || status === 'complete') return { heard: reply, unheard: '' }
  if (!reply.startsWith(heard)) return { heard, unheard: '' }
  // The space between the two is not struck through.
  const start = reply.length - reply.slice(heard.length).trimStart().length
  return { heard: reply.slice(0, start), unheard: reply.slice(start) }
}

/** The unheard part may be minutes long. */
function shortened(unheard: string): string {
  if (unheard.length <= MAX_UNHEARD_CHARS) return unheard
  return `${unheard.slice(0, MAX_UNHEARD_CHARS).replace(/\s+\S*$/, '')} …`
}

/** By it browsers choose glyphs for Han characters, the voice of a screen reader, and hyphens. */
function languageOf(text: string): string {
  return /\p{Script=Han}/u.test(text) ? 'zh' : 'en'
}

/** Stays at the end while text is added there, or its height changes, unless its reader has scrolled away from the end. */
function useStickyEnd(isSticky: boolean) {
  const scroller = useRef<HTMLElement>(null)
  const isAway = useRef(false)
  useLayoutEffect(() => {
    if (isSticky && !isAway.current) toEnd(scroller.current)
  })
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null || !isSticky) return undefined
    const onScroll = (): void => {
      isAway.current = element.scrollHeight - element.scrollTop - element.clientHeight > NEAR_END_PX
    }
    // Opening the settings makes it lower and scrolls nothing: no scroll event comes before this one.
    const onResize = new ResizeObserver(() => isAway.current || toEnd(element))
    onResize.observe(element)
    element.addEventListener('scroll', onScroll, { passive: true })
    return () => {
      onResize.disconnect()
      element.removeEventListener('scroll', onScroll)
    }
  }, [isSticky])
  return scroller
}

function toEnd(element: HTMLElement | null): void {
  if (element !== null) element.scrollTop = element.scrollHeight
}
