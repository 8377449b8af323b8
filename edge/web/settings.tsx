// The panel behind the header's button: whom to talk to, and the voice. A change also holds for the call that is open.
import { signal } from '@preact/signals'
import { DEFAULT_PERSONA_ID } from '#shared/model/persona.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'
import { startOver, tellSession } from './call.ts'
import { chooseMode, choosePersona, chosenMode, chosenPersona, isLikeMe, personas } from './choices.ts'
import { SettingsIcon } from './icons.tsx'
import { VoicesPanel } from './voices-panel.tsx'

const isOpen = signal(false)

export function SettingsButton() {
  const label = isOpen.value ? 'Close the settings' : 'Settings'
  return (
    <button
      type='button'
      class='gear'
      aria-label={label}
      title={label}
      aria-expanded={isOpen.value}
      aria-controls='settings'
      onClick={() => (isOpen.value = !isOpen.value)}
    >
      <SettingsIcon />
    </button>
  )
}

export function Settings() {
  return (
    <section id='settings' class='settings' aria-label='Settings' hidden={!isOpen.value}>
      <PersonaChoice />
      <ModeChoice />
      <LikeMe />
      <VoicesPanel />
    </section>
  )
}

function PersonaChoice() {
  const current = chosenPersona.value ?? DEFAULT_PERSONA_ID
  const choose = (value: string): void => {
    const persona = personas.value.find(({ id }) => id === value)
    if (persona === undefined) return
    choosePersona(persona.id)
    // What was said so far was said to another persona.
    startOver()
  }
  return (
    <label>
      <span>Talk to</span>
      <select value={current} onChange={(event) => choose(event.currentTarget.value)}>
        {personas.value.map(({ id, name, language }) => (
          <option key={id} value={id}>
            {name} ({language})
          </option>
        ))}
      </select>
    </label>
  )
}

function ModeChoice() {
  const choose = (value: string): void => {
    const mode: TtsMode | undefined = value === 'fast' || value === 'hq' ? value : undefined
    chooseMode(mode)
    if (mode !== undefined) tellSession({ ttsMode: mode })
  }
  return (
    <label>
      <span>The voice</span>
      <select value={chosenMode.value ?? ''} onChange={(event) => choose(event.currentTarget.value)}>
        <option value=''>the persona’s own</option>
        <option value='fast'>answers fast</option>
        <option value='hq'>sounds best</option>
      </select>
    </label>
  )
}

function LikeMe() {
  const choose = (isWanted: boolean): void => {
    isLikeMe.value = isWanted
    tellSession({ voice: isWanted ? { source: 'caller', consent: true } : { source: 'persona' } })
  }
  return (
    <label class='consent'>
      <input type='checkbox' checked={isLikeMe.value} onChange={(event) => choose(event.currentTarget.checked)} />
      <span>Speak like me: I agree that my voice is imitated in this call. Nothing of it is kept afterwards.</span>
    </label>
  )
}
