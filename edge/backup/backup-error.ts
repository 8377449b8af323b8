// Why a backup, its check or a restore could not be done, in words for the operator. The command line prints it as one line.

export class BackupError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'BackupError'
  }
}
