// Takes code between ``` fences out of a reply's pieces: it is to be read, not heard. Each reply has one, which gets its
// pieces in order.

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
