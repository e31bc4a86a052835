import type { Json } from '../../contract/document/document.ts'
import { SAMPLE_ADDRESS } from '../../docs/public-contract.ts'
import { FORM, formOf, layOut, type SampleRequest, type Style } from './request.ts'

const STYLE: Style = { leaf, key: leaf, indent: '    ', pad: '', comma: ',' }

const OUTPUT: Readonly<Record<SampleRequest['answers'], readonly string[]>> = {
  json: ['print(response.json())'],
  events: ['for line in response.iter_lines():', '    print(line.decode())'],
  nothing: ['print(response.status_code)'],
}

/** With `requests`, the library that most Python programmers know. */
export function pythonSample(request: SampleRequest): string {
  const { body, query } = request
  const headers = headersOf(request)
  const given = [
    leaf(`${SAMPLE_ADDRESS}${request.path}`),
    ...(Object.keys(query).length === 0 ? [] : [`params=${layOut(query, STYLE)}`]),
    ...(headers.length === 0 ? [] : [`headers={\n${headers.map((line) => `    ${line},\n`).join('')}}`]),
    ...(body === undefined ? [] : [bodyOf(body)]),
    // The server sends something every 25 seconds.
    ...(request.answers === 'events' ? ['stream=True', 'timeout=60'] : ['timeout=10']),
  ].map((argument) => `    ${argument.replaceAll('\n', '\n    ')},\n`)
  const text = given.join('')
  const imports = [
    ...(text.includes('os.environ') ? ['import os'] : []),
    ...(text.includes('uuid.') ? ['import uuid'] : []),
  ]
  return [
    ...imports,
    ...(imports.length === 0 ? [] : ['']),
    'import requests',
    '',
    `response = requests.${request.method.toLowerCase()}(\n${text})`,
    'response.raise_for_status()',
    ...OUTPUT[request.answers],
  ].join('\n')
}

function headersOf({ needsToken, headers, body }: SampleRequest): string[] {
  return [
    ...(needsToken ? [`"Authorization": f"Bearer {os.environ['TOKEN']}"`] : []),
    // As in the sample for TypeScript: a new key for each action.
    ...Object.entries(headers).map(
      ([name, value]) => `${leaf(name)}: ${name === 'Idempotency-Key' ? 'str(uuid.uuid4())' : leaf(value)}`,
    ),
    // The library sets these two itself.
    ...(body === undefined || [FORM, 'application/json'].includes(body.mediaType)
      ? []
      : [`"Content-Type": ${leaf(body.mediaType)}`]),
  ]
}

function bodyOf({ mediaType, value }: NonNullable<SampleRequest['body']>): string {
  return mediaType === FORM
    ? `data=${layOut(Object.fromEntries(formOf(value)), STYLE)}`
    : `json=${layOut(value, STYLE)}`
}

/** Python has JSON's escapes, but not its `null`, `true` and `false`. */
function leaf(value: Json): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string' && /^[^'\\]*"[^'\\]*$/.test(value)) return `'${value}'`
  return JSON.stringify(value)
}
