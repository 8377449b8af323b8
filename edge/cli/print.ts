// What a command prints on stdout: text for people, or with `--json` one JSON value for programs.

export const jsonOption = { type: 'boolean', description: 'Print JSON', default: false } as const

export function print(asJson: boolean, value: unknown, text: string): void {
  process.stdout.write(`${asJson ? JSON.stringify(value) : text}\n`)
}
