// The part of the settings for the caller's own voices: choose the one that answers, see the state of each, add and delete.
import { signal } from '@preact/signals'
import type { VoiceProfile } from '#shared/model/voice-profile.ts'
import { endForNewVoice } from './call.ts'
import { CONSENT, voiceStateText } from './voice-text.ts'
import { addVoice, chooseVoice, chosenVoice, removeVoice, tryVoice, voices } from './voices.ts'

/** What is under way, or what went wrong. */
const told = signal('')
const isBusy = signal(false)

export function VoicesPanel() {
  const all = voices.value
  if (all === undefined) return null
  return (
    <>
      <VoiceChoice all={all} />
      <details class='voices'>
        <summary>My voices</summary>
        <ul>
          {all.map((voice) => (
            <OneVoice key={voice.id} voice={voice} />
          ))}
        </ul>
        <NewVoiceForm />
        <p role='status'>{told.value}</p>
      </details>
    </>
  )
}

function VoiceChoice({ all }: { all: readonly VoiceProfile[] }) {
  const ready = all.filter(({ state }) => state === 'ready')
  const choose = (value: string): void => {
    chooseVoice(ready.find(({ id }) => id === value)?.id)
    endForNewVoice()
  }
  return (
    <label>
      <span>Whose voice</span>
      <select value={chosenVoice.value ?? ''} onChange={(event) => choose(event.currentTarget.value)}>
        <option value=''>the persona’s</option>
        {ready.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

function OneVoice({ voice }: { voice: VoiceProfile }) {
  const { id, name, state } = voice
  return (
    <li>
      <span>
        <strong>{name}</strong> {voiceStateText(voice)}
      </span>
      {state === 'ready' && (
        <button type='button' aria-label={`Hear ${name}`} onClick={() => void attempt(() => tryVoice(voice))}>
          Hear
        </button>
      )}
      <button type='button' aria-label={`Delete ${name}`} onClick={() => void attempt(() => removeVoice(id))}>
        Delete
      </button>
    </li>
  )
}

function NewVoiceForm() {
  const add = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const data = new FormData(form)
    const [file, name, language] = [data.get('file'), data.get('name'), data.get('language')]
    if (!(file instanceof File) || typeof name !== 'string') return
    const made = { file, name, language: language === 'zh' ? 'zh' : 'en', consent: CONSENT } as const
    if (await attempt(() => addVoice(made), 'Uploading …')) form.reset()
  }
  return (
    <form onSubmit={(event) => void add(event)}>
      <label>
        <span>Recording, 5 to 60 seconds</span>
        <input type='file' name='file' accept='audio/*,.m4a,.webm' required />
      </label>
      <label>
        <span>Name</span>
        <input type='text' name='name' maxLength={64} required />
      </label>
      <label>
        <span>Spoken in</span>
        <select name='language'>
          <option value='en'>English</option>
          <option value='zh'>中文</option>
        </select>
      </label>
      <label class='consent'>
        <input type='checkbox' name='consent' required />
        <span>{CONSENT}</span>
      </label>
      <button type='submit' disabled={isBusy.value}>
        Add this voice
      </button>
    </form>
  )
}

/** False where it went wrong. The panel then says why. */
async function attempt(work: () => Promise<void>, meanwhile = ''): Promise<boolean> {
  if (isBusy.value) return false
  isBusy.value = true
  told.value = meanwhile
  try {
    await work()
    told.value = ''
    return true
  } catch (error) {
    told.value = error instanceof Error ? error.message : String(error)
    return false
  } finally {
    isBusy.value = false
  }
}
