// What of a reply's pieces lies outside ``` fences: code is to be read, not heard. One a reply, its pieces in order.

export class CodeFence {
  #isInside = false

  /** The piece without its code; a fence may end pieces later. */
  prose(piece: string): string {
    let kept = ''
    for (const [i, part] of piece.split('```').entries()) {
      if (i > 0) this.#isInside = !this.#isInside
      if (!this.#isInside) kept += part
    }
    return kept
  }
}
