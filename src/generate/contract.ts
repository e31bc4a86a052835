/**
 * Development only: writes what src needs to know about the contract at compile time, besides openapi-typescript's
 * types. `node src/generate/contract.ts [--check]`
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { at, loadDocument, object } from '../contract/document/document.ts'
import { type Operation, readOperations } from '../contract/document/operations.ts'
import { readRateLimits } from '../contract/document/rate-limits.ts'
import { codeSamples } from './samples/code-samples.ts'

const HEADER = '// Generated from openapi.yaml by `npm run generate`. Do not edit.\n'

const { root } = loadDocument()
const operations = readOperations(root)
const schemes = Object.values(object(at(root, { pointer: '', value: root }, 'components', 'securitySchemes').value))
const known = schemes.flatMap((scheme) =>
  Object.values(object(object(scheme)['flows'] ?? {})).flatMap((flow) => Object.keys(object(object(flow)['scopes']))),
)

emit('security.ts', securityText())
emit('refinements.d.ts', refinementsText())
emit('limits.ts', limitsText())
emit('code-samples.json', `${JSON.stringify(codeSamples(root, operations), null, 2)}\n`)

/** operationId to scopes; null for a public operation. */
function securityText(): string {
  const entries = operations.map(({ operationId, security }) => {
    const scopes = [...new Set(security.flatMap((requirement) => Object.values(requirement).flat()))]
    const undeclared = scopes.find((scope) => !known.includes(scope))
    if (undeclared !== undefined) throw new Error(`${operationId} needs the undeclared scope ${undeclared}`)
    return `  ${operationId}: ${security.length === 0 ? 'null' : tuple(scopes)},`
  })
  return [
    HEADER,
    '/** Every scope of the contract, in the order in which it declares them. */',
    `export const scopes = ${tuple([...new Set(known)])} as const`,
    'export type Scope = (typeof scopes)[number]',
    '',
    '/** operationId to the scopes it needs; null: public. */',
    'export const security = {',
    ...entries,
    '} as const satisfies Record<string, readonly Scope[] | null>',
    '',
  ].join('\n')
}

/**
 * What openapi-typescript leaves out: parameters that a default always fills, and reply headers that may be missing.
 */
function refinementsText(): string {
  return [
    HEADER,
    "import type { components } from './openapi.d.ts'",
    '',
    '/** Query parameters that always have a value, because the contract has a default for them. */',
    'export interface DefaultedQuery {',
    ...operations.map(({ operationId, parameters }) => `  ${operationId}: ${union(defaulted(parameters))}`),
    '}',
    '',
    '/** Reply headers that may be missing. */',
    'export interface OptionalReplyHeaders {',
    ...operations.map(({ operationId, responses }) => `  ${operationId}: ${union(optionalHeaders(responses))}`),
    '}',
    '',
    '/** Of replies that are event streams: the data of each event, by its name. */',
    'export interface ReplyEvents {',
    ...operations.map(({ operationId, responses }) => `  ${operationId}: ${eventTypes(responses)}`),
    '}',
    '',
  ].join('\n')
}

/** The largest size of what the server itself composes or counts, so that no such figure is typed twice. */
function limitsText(): string {
  const schemas = at(root, { pointer: '', value: root }, 'components', 'schemas')
  const note = at(root, schemas, 'Note', 'properties')
  const counted = at(root, { pointer: '', value: root }, 'components', 'headers', 'X-Total-Count', 'schema')
  const sizes = {
    title: at(root, note, 'title').value['maxLength'],
    content: at(root, note, 'content').value['maxLength'],
    excerpt: at(root, schemas, 'NoteSummary', 'properties', 'excerpt').value['maxLength'],
    tags: at(root, note, 'tags').value['maxItems'],
    tag: at(root, schemas, 'Tag').value['maxLength'],
    version: at(root, note, 'version').value['maximum'],
  }
  const lists = operations.flatMap(({ operationId, responses }) => {
    const schema = responses.get(200)?.content.get('application/json')?.value
    return schema?.['type'] === 'array' ? [[operationId, schema['maxItems']] as const] : []
  })
  return [
    HEADER,
    '/** Of the fields of a note: characters, items, or the largest number. */',
    'export const noteLimits = {',
    ...numbers(Object.entries(sizes)),
    '} as const',
    '',
    '/** How many items a reply has at most, by operation. */',
    'export const listLimits = {',
    ...numbers(lists),
    '} as const',
    '',
    '/** How far the items of all pages of a list are counted. */',
    `export const countLimit = ${Number(counted.value['maximum'])}`,
    '',
    '/** Units in each window, by the policy of the rate limit. */',
    'export const quotas = {',
    ...numbers(Object.entries(readRateLimits(root)?.quotas ?? {})),
    '} as const',
    '',
  ].join('\n')
}

function numbers(entries: readonly (readonly [name: string, limit: unknown])[]): string[] {
  return entries.map(([name, limit]) => `  ${name}: ${Number(limit)},`)
}

function defaulted(parameters: Operation['parameters']): string[] {
  return parameters
    .filter((parameter) => parameter.in === 'query' && 'default' in parameter.schema.value)
    .map(({ name }) => name)
}

function optionalHeaders(responses: Operation['responses']): string[] {
  const headers = [...responses.values()].flatMap((response) => response.headers)
  return [...new Set(headers.filter(({ required }) => !required).map(({ name }) => name))]
}

function eventTypes(responses: Operation['responses']): string {
  const events = [...responses.values()].flatMap((response) => [...(response.events ?? [])])
  if (events.length === 0) return 'never'
  const members = events.map(([name, { pointer }]) => `${name}: components['schemas']['${schemaName(pointer)}']`)
  return `{ ${members.join('; ')} }`
}

/** The data of an event is a component, so that it has a name in every language. */
function schemaName(pointer: string): string {
  const [, name] = /^\/components\/schemas\/([A-Za-z0-9]+)$/.exec(pointer) ?? []
  if (name === undefined) throw new Error(`The data of an event must be a component, not ${pointer}`)
  return name
}

function union(names: readonly string[]): string {
  return names.length === 0 ? 'never' : names.map((name) => `'${name}'`).join(' | ')
}

function tuple(names: readonly string[]): string {
  return `[${names.map((name) => `'${name}'`).join(', ')}]`
}

function emit(name: string, text: string): void {
  const file = new URL(`../../generated/${name}`, import.meta.url)
  if (!process.argv.includes('--check')) return writeFileSync(file, text)
  if (readFileSync(file, 'utf8') === text) return
  process.stderr.write(`generated/${name} is stale: run npm run generate\n`)
  process.exitCode = 1
}
