// The caller's own voices: the list, the one that answers him, and how he adds, hears and deletes them. Changed by voices-panel.tsx,
// read by choices.ts when a session opens. It knows no session.
import { signal } from '@preact/signals'
import { readWav } from '#shared/audio/wav.ts'
import { pcmToFloat } from '#shared/audio/pcm.ts'
import type { VoiceProfileId } from '#shared/ids.ts'
import type { VoiceProfile } from '#shared/model/voice-profile.ts'
import { waitForVoice, deleteVoice, fetchVoices, previewVoice, uploadVoice, type NewVoice } from './edge-api.ts'
import { TRIAL } from './voice-text.ts'

const VOICE_KEY = 'parley.voice'

/** The newest first; undefined where this caller may have none. */
export const voices = signal<readonly VoiceProfile[] | undefined>(undefined)
/** Undefined: the persona's own voice. */
export const chosenVoice = signal<VoiceProfileId | undefined>(undefined)

/** Reads the list and what was chosen in this browser before. Without an answer there is nothing to choose. */
export async function recallVoices(): Promise<void> {
  try {
    voices.value = await fetchVoices()
  } catch {
    return
  }
  // A voice that was removed meanwhile would make the edge refuse the call.
  const kept = localStorage.getItem(VOICE_KEY)
  chosenVoice.value = voices.value?.find(({ id, state }) => id === kept && state === 'ready')?.id
  void follow()
}

export function chooseVoice(id: VoiceProfileId | undefined): void {
  chosenVoice.value = id
  if (id === undefined) localStorage.removeItem(VOICE_KEY)
  else localStorage.setItem(VOICE_KEY, id)
}

/** For a `not_found` that may be about the chosen voice. False where none was chosen. */
export function dropChosenVoice(): boolean {
  const isChosen = chosenVoice.value !== undefined
  chooseVoice(undefined)
  return isChosen
}

/** Resolves when the recording is uploaded. The list then follows its state. Throws an Error with words for the caller. */
export async function addVoice(made: NewVoice): Promise<void> {
  const isNew = await uploadVoice(made)
  voices.value = await fetchVoices()
  void follow()
  if (!isNew) throw new Error('You have this recording already.')
}

export async function removeVoice(id: VoiceProfileId): Promise<void> {
  await deleteVoice(id)
  voices.value = voices.value?.filter((one) => one.id !== id)
  if (chosenVoice.value === id) chooseVoice(undefined)
}

/** Resolves when it was played to its end. Throws an Error with words for the caller. */
export async function tryVoice({ id, language }: VoiceProfile): Promise<void> {
  // Before anything is awaited: browsers unlock sound only while the click is fresh.
  const context = new AudioContext()
  try {
    const { samples, sampleRate } = readWav(await previewVoice(id, TRIAL[language]))
    const buffer = context.createBuffer(1, samples.length, sampleRate)
    buffer.copyToChannel(pcmToFloat(samples) as Float32Array<ArrayBuffer>, 0)
    const source = context.createBufferSource()
    source.buffer = buffer
    source.connect(context.destination)
    const ended = new Promise((resolve) => source.addEventListener('ended', resolve))
    source.start()
    await ended
  } finally {
    await context.close()
  }
}

/** The longest time for which the edge holds back an answer. */
const WAIT_MS = 25_000
let isFollowing = false

/**
 * Updates the list until no voice is being prepared, or the edge does not answer. One request at a time: a browser has six
 * connections for the whole page.
 */
async function follow(): Promise<void> {
  if (isFollowing) return
  isFollowing = true
  try {
    for (let oldest = underWay(); oldest; oldest = underWay()) {
      await waitForVoice(oldest.id, WAIT_MS)
      voices.value = await fetchVoices()
    }
  } catch {
    // The list stays as it is. A reload asks again.
  } finally {
    isFollowing = false
  }
}

function underWay(): VoiceProfile | undefined {
  return voices.value?.findLast(({ state }) => state === 'uploaded' || state === 'checking')
}
