// JSON in the characters that an HTTP header holds: how values reach a Durable Object beside a request. Pure.

export function asciiJson(value: unknown): string {
  const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value).replaceAll(/[^ -~]/g, escaped)
}
