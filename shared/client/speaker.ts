// The port of a loudspeaker: WebAudio in the page, a clock on the command line and in tests.

export interface Speaker {
  /** Queues audio of the reply with this number behind what is queued: PCM16 mono at the output rate. */
  play(pcm: Int16Array, reply: number): void
  /** Silent at once; what is queued is kept. */
  pause(): void
  /** Goes on with the first unheard sample. */
  resume(): void
  /** Silent at once; what is queued is dropped. Also ends a pause. */
  clear(): void
  /** Samples of the latest reply that were heard. */
  playedSamples(): number
}
