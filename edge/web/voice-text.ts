// The words of the page about the caller's own voices. Pure, and the only place with these texts.
import type { VoiceProfile, VoiceRejection, VoiceWarning } from '#shared/model/voice-profile.ts'

/** Sent as the consent, and stored with the voice. */
export const CONSENT = 'This is my voice, or whose it is has agreed that it is imitated here.'
/** The sentence that a trial speaks. */
export const TRIAL: Record<VoiceProfile['language'], string> = {
  en: 'Hello, this is how I sound.',
  zh: '你好，这是我的声音。',
}

const REJECTION_TEXT: Record<VoiceRejection, string> = {
  unreadable: 'the file cannot be read',
  noDecoder: 'this kind of file is not read here; try WAV, MP3, FLAC or OGG',
  tooShort: 'there is too little speech in it; say at least three seconds',
  tooLong: 'it is longer than a minute',
  noSpeech: 'no speech was found in it',
  clipped: 'it is distorted; record it more quietly',
  noisy: 'there is too much noise in it',
  noTranscript: 'its words could not be made out',
  failed: 'it could not be prepared, several times',
}

const WARNING_TEXT: Record<VoiceWarning, string> = {
  short: 'short',
  clipped: 'a little distorted',
  noisy: 'a little noisy',
  quiet: 'quiet',
  severalSpeakers: 'several people speak',
}

export function voiceStateText({ state, reason, quality }: Pick<VoiceProfile, 'state' | 'reason' | 'quality'>): string {
  if (state === 'uploaded') return 'waits for a GPU node'
  if (state === 'checking') return 'is being prepared …'
  if (state === 'rejected') return `cannot be used: ${REJECTION_TEXT[reason ?? 'failed']}`
  const warnings = (quality?.warnings ?? []).map((warning) => WARNING_TEXT[warning])
  return ['ready', ...warnings].join(', ')
}
