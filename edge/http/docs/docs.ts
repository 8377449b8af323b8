// GET /docs: the reference for authors of clients, rendered here from the schemas and tables by which the edge works; GET /docs/client:
// the guide for them. They have no script and load nothing from elsewhere, so our own Content-Security-Policy covers them.
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { OpenAPIV3_1 } from 'openapi-types'
import { ROUTE_RATES } from '#edge/limits/route-rates.ts'
import type { Quotas } from '#edge/store/quotas.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import { DOCS_CSS } from './docs-style.ts'
import type { JsonSchema } from '#edge/http/operation/json-schema.ts'
import { CLIENT_GUIDE } from './client-guide.ts'
import EXAMPLES from './examples.json' with { type: 'json' }
import { headingsOf, htmlOf, tableOf, type Html } from './markdown.ts'
import { AUDIO_FRAME, describedMessages, MINIMAL_CALL, WIRES, type DescribedMessage } from './wires.ts'

const CACHE_SECONDS = 300
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

export function docsRoutes(specs: () => OpenAPIV3_1.Document, quotas: Quotas) {
  return new Hono()
    .get('/docs', (c) => {
      c.header('cache-control', `public, max-age=${CACHE_SECONDS}`)
      return c.html(page(specs(), quotas))
    })
    .get('/docs/client', (c) => {
      c.header('cache-control', `public, max-age=${CACHE_SECONDS}`)
      return c.html(guide())
    })
    .get('/docs/client.md', (c) => {
      c.header('cache-control', `public, max-age=${CACHE_SECONDS}`)
      return c.body(CLIENT_GUIDE, 200, { 'content-type': 'text/markdown; charset=utf-8' })
    })
    .get('/docs.css', (c) => {
      c.header('cache-control', `public, max-age=${CACHE_SECONDS}`)
      return c.body(DOCS_CSS, 200, { 'content-type': 'text/css; charset=utf-8' })
    })
}

const shell = (title: string, body: Html): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <link rel="stylesheet" href="/docs.css" />
      </head>
      <body>
        ${body}
      </body>
    </html>`

const guide = (): Html =>
  shell(
    'A client of Parley',
    html`<nav>
        <a href="/docs">Reference</a> <a href="/docs/client.md">Markdown</a>
        ${headingsOf(CLIENT_GUIDE).map(({ id, text }) => html`<a href="#${id}">${text}</a>`)}
      </nav>
      ${htmlOf(CLIENT_GUIDE)}`,
  )

function page({ info, paths = {}, components = {} }: OpenAPIV3_1.Document, quotas: Quotas): Html {
  return shell(
    `Parley ${info.version}: reference`,
    html`
      <h1>Parley ${info.version}</h1>
      <p>${info.description}</p>
      <p>
        A key rides as <code>Authorization: Bearer pk_…</code>; so does a token of the operator’s identity provider. A
        page takes a ticket (<code>POST /api/tickets</code>) or a client secret (<code
          >POST /v1/realtime/client_secrets</code
        >) and offers it as a subprotocol of the socket. Machine-readable: <a href="/openapi.json">/openapi.json</a>,
        <a href="/wires.json">/wires.json</a>. <a href="/docs/client">The guide</a> says step by step how to write a
        client of the socket; <a href="#examples">examples</a> are there to copy.
      </p>
      <nav>
        <a href="#routes">Routes</a> <a href="#schemas">Schemas</a> <a href="#wires">Wires</a>
        <a href="#rates">Rates</a>
        <a href="#quotas">Quotas</a>
        <a href="#faults">Faults</a> <a href="#examples">Examples</a>
      </nav>
      <h2 id="routes">Routes</h2>
      ${Object.entries(paths).flatMap(([path, item]) =>
        METHODS.flatMap((method) => (item?.[method] ? [route(method, path, item[method])] : [])),
      )}
      <h2 id="schemas">Schemas</h2>
      ${Object.entries(components.schemas ?? {}).map(([name, schema]) => details(name, schema))}
      <h2 id="wires">Wires</h2>
      ${wires()}
      <h2 id="rates">Rates</h2>
      <p>How many requests one key may make in a minute on one route. A key may have a factor of its own.</p>
      ${tableOf(
        ['class', 'a minute'],
        Object.entries(ROUTE_RATES).map(([name, rate]) => [name, String(rate)]),
      )}
      ${quotasOf(quotas)} ${faults()} ${examples()}
    `,
  )
}

function examples(): Html {
  return html`<h2 id="examples">Examples</h2>
    <p>
      Whole clients to copy and change; those in JavaScript need no library, those in Python need
      <code>websockets</code>. The minimal ones talk. The complete ones also acknowledge, resume after a lost connection
      and say how much was heard. <code>complete.js</code> and <code>browser.html</code> use
      <code>parley-client.js</code>.
    </p>
    ${Object.entries(EXAMPLES).map(
      ([name, lines]) =>
        html`<details id="${name}">
          <summary><code>${name}</code></summary>
          <pre>${lines.join('\n')}</pre>
        </details>`,
    )}`
}

function faults(): Html {
  return html`<h2 id="faults">Faults</h2>
    <p>
      A refusal is <code>application/problem+json</code> (RFC 9457) with the fault as <code>fault</code>; on a socket it
      is a message of type <code>fault</code>, before the close where it ends the session.
    </p>
    ${tableOf(
      ['code', 'HTTP', 'close', 'try again', 'says'],
      Object.entries(FAULT_TABLE).map(([code, { http, close, retry, text }]) => [
        html`<code id="${code}">${code}</code>`,
        String(http),
        String(close),
        retry,
        text,
      ]),
    )}`
}

function route(method: string, path: string, operation: OpenAPIV3_1.OperationObject): Html {
  const needs = operation.security?.flatMap((way) => Object.values(way).flat()) ?? []
  const isOpen = operation.security?.length === 0
  const body = (operation.requestBody as OpenAPIV3_1.RequestBodyObject | undefined)?.content
  return html`<section>
    <h3><code>${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}</code></h3>
    <p>
      ${operation.summary}. ${isOpen ? 'No key.' : `Needs ${needs.join(', ') || 'a key'}.`} ${operation.description}
    </p>
    ${
      (operation.parameters ?? []).length > 0
        ? tableOf(
            ['query', ''],
            (operation.parameters as OpenAPIV3_1.ParameterObject[])
              .filter((parameter) => parameter.in === 'query')
              .map(({ name, description = '' }) => [name, description]),
          )
        : ''
    }
    ${operation.deprecated ? html`<p><strong>For old clients only.</strong></p>` : ''} ${samplesOf(operation)}
    ${body ? details('Body', body) : ''} ${details('Answers', operation.responses ?? {})}
  </section>`
}

function samplesOf(operation: OpenAPIV3_1.OperationObject): Html {
  const samples = (operation as { 'x-codeSamples'?: Array<{ source: string }> })['x-codeSamples'] ?? []
  return html`${samples.map(({ source }) => html`<pre>${source}</pre>`)}`
}

function quotasOf({ sessions, tokensPerDay, audioMsPerDay }: Quotas): Html {
  return html`<h2 id="quotas">Quotas</h2>
    <p>
      Quotas count for one user and day (UTC); a key may have limits of its own. <code>session.notice</code> warns when
      80 % are used; after that the fault is <code>quota_exhausted</code>. <code>GET /api/usage</code> says what is
      left.
    </p>
    ${tableOf(
      ['quota', 'most'],
      [
        ['sessions', mostOf(sessions, 'at once')],
        ['tokens', mostOf(tokensPerDay, 'a day')],
        ['audioMs', mostOf(audioMsPerDay, 'a day, in and out')],
      ],
    )}`
}

const mostOf = (max: number | null, of: string): string =>
  max === null ? 'any number' : `${max.toLocaleString('en')} ${of}`

function wires(): Html {
  return html`<p>
      Text frames are JSON messages, binary frames are audio: ${AUDIO_FRAME.header}; then ${AUDIO_FRAME.payload}. The
      heartbeat is <code>${PING}</code> and <code>${PONG}</code>, as often as <code>heartbeat</code> in
      <code>session.ready</code> says.
    </p>
    <h3>A minimal client: seven messages</h3>
    <ol>
      ${MINIMAL_CALL.map(
        (step) =>
          html`<li>
            ${step.from}: ${'message' in step ? html`<pre>${JSON.stringify(step.message, null, 2)}</pre>` : step.audio}
          </li>`,
      )}
    </ol>
    ${Object.entries(WIRES).map(
      ([name, { address, up, down }]) =>
        html`<h3><code>${name}</code> at <code>${address}</code></h3>
          <h4>Up</h4>
          ${describedMessages(up).map(messageOf)}
          <h4>Down</h4>
          ${describedMessages(down).map(messageOf)}`,
    )}`
}

/** A message with its fields, those within others by their path. */
const messageOf = (message: DescribedMessage): Html =>
  html`<details>
    <summary><code>${message['title']}</code> ${message.description}</summary>
    ${tableOf(['field', 'means'], fieldsOf(message, ''))}
  </details>`

function fieldsOf(schema: JsonSchema, at: string): string[][] {
  const {
    properties = {},
    items,
    anyOf,
    oneOf,
    required = [],
  } = schema as {
    properties?: Record<string, JsonSchema>
    items?: JsonSchema
    anyOf?: JsonSchema[]
    oneOf?: JsonSchema[]
    required?: string[]
  }
  const own = Object.entries(properties).flatMap(([name, field]) => {
    const optional = required.includes(name) ? '' : ' (optional)'
    return [[`${at}${name}${optional}`, String(field['description'] ?? '')], ...fieldsOf(field, `${at}${name}.`)]
  })
  const within = [...(items ? [items] : []), ...(anyOf ?? []), ...(oneOf ?? [])]
  return [...own, ...within.flatMap((one) => fieldsOf(one, at))]
}

const details = (title: string, value: unknown): Html =>
  html`<details>
    <summary>${title}</summary>
    <pre>${JSON.stringify(value, null, 2)}</pre>
  </details>`
