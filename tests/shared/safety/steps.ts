// How much work a filter does with a text, counted and not timed, so that a busy machine makes no difference: the characters that regular
// expressions are given. Each expression of the filters is asked through exec, which match, search, test and replace call.

/** Characters given to regular expressions while `work` runs. */
export function charactersLookedAt(work: () => void): number {
  const { exec } = RegExp.prototype
  let characters = 0
  RegExp.prototype.exec = function (this: RegExp, text: string) {
    // A global or sticky expression begins where it left off.
    characters += text.length - Math.min(this.lastIndex, text.length) + 1
    return exec.call(this, text)
  }
  try {
    work()
  } finally {
    RegExp.prototype.exec = exec
  }
  return characters
}
