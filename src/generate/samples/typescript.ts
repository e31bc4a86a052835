import type { Json } from '../../contract/document/document.ts'
import { FORM, formOf, layOut, type SampleRequest, type Style, urlOf } from './request.ts'

const STYLE: Style = {
  leaf,
  key: (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : text(name)),
  indent: '  ',
  pad: ' ',
  comma: ',',
}

/** EventSource cannot send Authorization, so a stream is read with fetch as well. */
const EVENTS = [
  "let text = ''",
  'for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {',
  String.raw`  const events = (text + chunk).split('\n\n')`,
  "  text = events.pop() ?? ''",
  '  for (const event of events) console.log(event)',
  '}',
]

const OUTPUT: Readonly<Record<SampleRequest['answers'], readonly string[]>> = {
  json: ['console.log(await response.json())'],
  events: EVENTS,
  nothing: ['console.log(response.status)'],
}

/** A module for Node, Deno or Bun: uses `fetch`, with nothing to install. */
export function typescriptSample(request: SampleRequest): string {
  const options = [
    ...(request.method === 'GET' ? [] : [`method: ${text(request.method)},`]),
    ...headers(request),
    ...(request.body === undefined ? [] : [`body: ${body(request.body)},`]),
  ].map((option) => `  ${option.replaceAll('\n', '\n  ')}\n`)
  const given = options.length === 0 ? '' : `, {\n${options.join('')}}`
  return [
    `const response = await fetch(${text(urlOf(request))}${given})`,
    'if (!response.ok) throw new Error(await response.text())',
    ...OUTPUT[request.answers],
  ].join('\n')
}

function headers({ needsToken, headers: given, body: sent }: SampleRequest): string[] {
  const lines = [
    ...(needsToken ? ['  Authorization: `Bearer ${process.env.TOKEN}`,\n'] : []),
    ...Object.entries(given).map(([name, value]) => {
      // A program that always sent the example's key would create one thing and nothing after that.
      return `  ${text(name)}: ${name === 'Idempotency-Key' ? 'crypto.randomUUID()' : text(value)},\n`
    }),
    // URLSearchParams sets the media type of a form itself.
    ...(sent === undefined || sent.mediaType === FORM ? [] : [`  'Content-Type': ${text(sent.mediaType)},\n`]),
  ]
  return lines.length === 0 ? [] : [`headers: {\n${lines.join('')}},`]
}

function body({ mediaType, value }: NonNullable<SampleRequest['body']>): string {
  if (mediaType !== FORM) return `JSON.stringify(${layOut(value, STYLE)})`
  return `new URLSearchParams(${layOut(Object.fromEntries(formOf(value)), STYLE)})`
}

function leaf(value: Json): string {
  return typeof value === 'string' ? text(value) : JSON.stringify(value)
}

/** JSON's escapes are valid JavaScript; only the quotes change. */
function text(value: string): string {
  return `'${JSON.stringify(value)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"')
    .replaceAll("'", String.raw`\'`)}'`
}
