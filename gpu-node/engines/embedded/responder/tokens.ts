// Text in the pieces in which the responder streams: a word with the space before it, or one Chinese character.
// Knows nothing of any model's tokenizer; for the responder itself the count is exact, for a model an estimate.

const TOKEN = /\s*(?:\p{Script=Han}|[^\s\p{Script=Han}]+)|\s+$/gu

/** Joined, they are the text. */
export const tokensOf = (text: string): string[] => text.match(TOKEN) ?? []

export const estimateTokens = (text: string): number => tokensOf(text).length
