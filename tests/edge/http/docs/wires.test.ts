// The words of the wires and the guide for clients, held against schemas, tables and published vectors.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CLIENT_GUIDE } from '#edge/http/docs/client-guide.ts'
import EXAMPLES from '#edge/http/docs/examples.json' with { type: 'json' }
import { htmlOf } from '#edge/http/docs/markdown.ts'
import { describedMessages, WIRES } from '#edge/http/docs/wires.ts'
import type { JsonSchema } from '#edge/http/operation/json-schema.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { CLOSE_NORMAL, CLOSE_REPLACED, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import { FIELD_WORDS, MESSAGE_WORDS, wordsOf } from '#shared/protocol/wire-words.ts'
import { readVectors } from '#tests/shared/protocol/wire-vectors.ts'

interface Schema {
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  description?: string
}

const unions = Object.values(WIRES).flatMap(({ up, down }) => [up, down])

/** Each field of a message: its path, and its sentence. */
function fieldsOf({ properties = {}, items, anyOf = [], oneOf = [] }: Schema, at = ''): Array<[string, string?]> {
  const own = Object.entries(properties).flatMap(([name, field]): Array<[string, string?]> => {
    const path = at === '' ? name : `${at}.${name}`
    return [[path, field.description], ...fieldsOf(field, path)]
  })
  return [
    ...own,
    ...(items ? fieldsOf(items, `${at}[]`) : []),
    ...[...anyOf, ...oneOf].flatMap((one) => fieldsOf(one, at)),
  ]
}

describe('the words of the wires', () => {
  const messages = unions.flatMap((union) => describedMessages(union))

  it('[FRO9] say one sentence of each message and each field', () => {
    expect(messages.length).toBeGreaterThan(50)
    for (const message of messages) {
      const type = String(message['title'])
      expect(message.description, type).toMatch(/^[A-Z].*[.]$/)
      for (const [path, words] of fieldsOf(message as unknown as Schema))
        expect([type, path, words]).toEqual([type, path, expect.stringMatching(/^\S.*[.]$/)])
    }
  })

  it('[FRO9] say nothing of what is not there', () => {
    const used = messages.flatMap((message) =>
      fieldsOf(message as unknown as Schema).map(([path]) => wordsOf(String(message['title']), path)?.key),
    )
    expect(Object.keys(FIELD_WORDS).filter((key) => !used.includes(key))).toEqual([])
    const types = messages.map((message) => message['title'])
    expect(Object.keys(MESSAGE_WORDS).filter((type) => !types.includes(type))).toEqual([])
  })
})

describe('the guide', () => {
  const examples = [...CLIENT_GUIDE.matchAll(/```json\n(.*)\n```/g)].map(
    ([, text = '']) => JSON.parse(text) as { type: string },
  )

  it('[FRO10] has examples that are published vectors', () => {
    const { chatUp, chatDown } = readVectors().wires
    const published = [...chatUp.valid, ...chatDown.valid].map(({ message }) => message)
    expect(examples.length).toBeGreaterThan(20)
    for (const example of examples) expect(published).toContainEqual(example)
  })

  it('[FRO10] names the heartbeat and every close code, and the messages that a client must know', () => {
    for (const text of [PING, PONG]) expect(CLIENT_GUIDE).toContain(text)
    const codes = [CLOSE_NORMAL, CLOSE_RESUME, CLOSE_REPLACED, ...Object.values(FAULT_TABLE).map(({ close }) => close)]
    for (const code of codes) expect(CLIENT_GUIDE).toContain(`| ${code} |`)
    const { up, down } = WIRES['parley.chat.v1']
    const types = [up, down]
      .flatMap((union) => describedMessages(union as never))
      .map((message: JsonSchema) => String(message['title']))
    for (const type of types) expect(CLIENT_GUIDE, type).toContain(type)
  })
})

describe('the examples', () => {
  const folder = new URL('../../../examples/', import.meta.url)

  it('[FRO11] are those of tests/examples, all of them', () => {
    const shown = Object.entries(EXAMPLES).map(([name, lines]) => [name, `${lines.join('\n')}\n`] as const)
    for (const [name, text] of shown) expect(readFileSync(new URL(name, folder), 'utf8'), name).toBe(text)
    const clients = readdirSync(folder).filter((name) => !name.endsWith('.test.ts') && !name.startsWith('__'))
    expect(new Set(clients)).toEqual(new Set(Object.keys(EXAMPLES)))
  })
})

describe('the guide as HTML', () => {
  it.each([
    ['## Two words', '<h2 id="two-words">Two words</h2>'],
    ['one `a<b` and *two*, [there](/x#y)', '<p>one <code>a&lt;b</code> and <em>two</em>, <a href="/x#y">there</a></p>'],
    ['- one;\n- two,\n  over two lines', '<ul><li>one;</li><li>two, over two lines</li></ul>'],
    [
      '| a | b |\n| --- | --- |\n| c | `d` |',
      '<tr><th>a</th><th>b</th></tr><tr><td>c</td><td><code>d</code></td></tr>',
    ],
    ['```json\n{"a":\n\n1}\n```', '<pre>{&quot;a&quot;: 1}</pre>'],
    ['    GET /x?<y>', '<pre>GET /x?&lt;y&gt;</pre>'],
  ])('[FRO12] %j', async (markdown, expected) => {
    const made = String(await htmlOf(markdown))
    expect(made.replaceAll(/>\s+</g, '><').replaceAll(/\s+/g, ' ')).toContain(expected)
  })

  it('[FRO12] leaves no mark of Markdown outside of code', async () => {
    const text = String(await htmlOf(CLIENT_GUIDE)).replaceAll(/<pre>[\s\S]*?<\/pre>|<code>[\s\S]*?<\/code>/g, '')
    expect(text).not.toMatch(/`|\]\(|^\s*(?:#|\||- )/m)
  })
})
