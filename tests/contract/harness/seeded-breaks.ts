import { escapeToken, type Json } from '../../../src/contract/document/document.ts'

/** A break of one rule: a value to set at one place of the document, or a place to remove. */
export interface Break {
  readonly rule: string
  readonly place: readonly string[]
  /** undefined removes the place. */
  readonly value?: Json
}

const broken = (rule: string, place: string, value?: Json): Break => ({
  rule,
  place: place.split(' '),
  ...(value === undefined ? {} : { value }),
})
const parameter = (name: string, where: string, more = {}): Json => ({
  name,
  in: where,
  description: 'Seeded.',
  schema: { type: 'boolean' },
  example: true,
  ...more,
})
const text = (more = {}): Json => ({
  type: 'string',
  description: 'Seeded.',
  maxLength: 9,
  pattern: '^a$',
  examples: ['a'],
  ...more,
})
const body = { 'application/json': { schema: { $ref: '#/components/schemas/Liveness' } } }
const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
const seeded = (name: string): string => `components schemas Note properties ${name}`

/** For redocly. No two share a place, so one run shows them all. */
export const redoclyBreaks: readonly Break[] = [
  broken('rule/operation-id-is-verb-and-noun', 'paths /tags get operationId', 'fetchTags'),
  broken('rule/property-is-snake-case', seeded('camelCase'), text()),
  broken('rule/parameter-is-snake-case', 'components parameters CamelQuery', parameter('camelCase', 'query')),
  broken('rule/header-parameter-is-train-case', 'components parameters SnakeHeader', parameter('snake_case', 'header')),
  broken('rule/reply-header-is-train-case', 'paths /users/me get responses 200 headers lower', {
    $ref: '#/components/headers/X-Request-Id',
  }),
  broken('rule/schema-is-pascal-case', 'components schemas snake_case', text()),
  broken('rule/response-is-pascal-case', 'components responses snake_case', {
    description: 'Seeded.',
    content: problem,
  }),
  broken('rule/parameter-component-is-pascal-case', 'components parameters snake_case', parameter('fine', 'query')),
  broken('rule/path-is-kebab-case', 'paths /camelCase/{noteId}', {}),
  broken(
    'rule/example-is-camel-case',
    'paths /users/me get responses 200 content application/json examples snake_case',
    {
      summary: 'Seeded',
      value: 1,
    },
  ),

  broken('rule/nullable-string-has-bounds', 'components schemas Session properties address maxLength'),
  broken('rule/enum-has-no-pattern', 'components schemas ApiKeyScope pattern', '^[a-z:]+$'),
  broken('rule/number-has-bounds', 'components schemas Note properties version format'),
  broken('rule/array-says-what-it-holds', 'components schemas Note properties tags maxItems'),
  broken('rule/object-is-closed', 'components schemas Liveness additionalProperties'),
  broken('rule/additional-properties-are-refused', 'components schemas Health additionalProperties', true),
  broken('rule/object-says-what-is-required', 'components schemas PasswordProof required'),
  broken('rule/schema-is-typed', 'components schemas Scope type'),
  broken('rule/property-is-described', 'components schemas Note properties title description'),
  broken('rule/body-has-named-examples', 'paths /trash get responses 200 content application/json examples'),
  broken('rule/body-has-an-example', 'paths /health get responses 200 content application/json examples', {}),
  broken('rule/example-has-a-value', 'paths /notes get responses 200 content application/json examples page summary'),
  broken(
    'rule/example-is-summed-up',
    'paths /tags get responses 200 content application/json examples page summary',
    'page.',
  ),
  broken('rule/parameter-has-an-example', 'components parameters Skip example'),
  broken('rule/header-has-an-example', 'components headers Retry-After example'),

  broken('rule/summary-is-a-short-title', 'paths /notes get summary', 'Lists your notes.'),
  broken('rule/description-is-sentences', 'paths /notes get description', 'Lists.'),
  broken('rule/operation-has-one-tag', 'paths /tags/rename post tags', ['tags', 'notes']),
  broken('rule/body-is-required', 'paths /notes/batch post requestBody required'),
  broken('rule/body-is-described', 'paths /tags/rename post requestBody description', ''),
  broken('rule/page-has-a-cursor', 'paths /trash get parameters', [{ $ref: '#/components/parameters/Limit' }]),
  broken('rule/page-leads-to-the-next', 'paths /users/me/security-events get responses 200 headers Link'),
  broken('rule/reply-has-a-request-id', 'paths /notes/{note_id}/edits post responses 200 headers X-Request-Id'),
  broken('rule/created-has-a-place', 'paths /notes post responses 201 headers Location'),
  broken('rule/created-leads-on', 'paths /api-keys post responses 201 links'),
  broken('rule/link-sends-no-body', 'paths /auth/token post responses 200 links revokeToken requestBody', {
    token: 'x',
  }),

  broken('rule/operation-states-its-security', 'paths /users/me/sessions get security'),
  broken('rule/public-are-these-alone', 'paths /notes get security', []),
  broken('rule/public-stays-public', 'paths /health get security', [{ oauth2: ['account:read'] }]),
  broken('rule/credential-needs-one-scope', 'paths /tags get security', [{ oauth2: [] }, { apiKey: [] }]),
  broken('rule/reading-needs-a-scope-to-read', 'paths /trash get security', [{ oauth2: ['notes:write'] }]),
  broken('rule/writing-needs-a-scope-to-write', 'paths /trash delete security', [{ oauth2: ['notes:read'] }]),
  broken('rule/notes-need-a-scope-of-notes', 'paths /trash/{note_id} delete security', [{ oauth2: ['account:write'] }]),
  broken('rule/accounts-need-a-scope-of-accounts', 'paths /users/me get security', [{ oauth2: ['notes:read'] }]),
  broken('rule/keys-cannot-administer', 'paths /users/me/password put security', [{ apiKey: ['account:write'] }]),

  broken('rule/refusals-of-every-operation', 'paths /health/live get responses 422'),
  broken('rule/refusal-without-a-database', 'paths /trash get responses 503'),
  broken('rule/refusal-without-a-credential', 'paths /users/me get responses 401'),
  broken('rule/refusal-without-the-scope', 'paths /api-keys get responses 403'),
  broken('rule/refusal-of-an-unknown-id', 'paths /api-keys/{key_id} delete responses 404'),
  broken('rule/refusal-of-a-body', 'paths /notes/batch post responses 415'),
  broken('rule/refusal-of-an-old-version', 'paths /notes/{note_id} put responses 412'),
  broken('rule/refusal-of-a-request-under-way', 'paths /notes post responses 409'),
  broken('rule/refusal-is-shared', 'paths /auth/revoke post responses 400', {
    description: 'Seeded.',
    content: problem,
  }),
  broken('rule/refusal-is-a-problem', 'components responses TooLarge content', body),
  broken('rule/status-is-one-of-ours', 'paths /tags get responses 418', { description: 'Seeded.' }),

  broken('operation-4xx-problem-details-rfc7807', 'components responses NotAcceptable content', body),
  broken(
    'no-invalid-media-type-examples',
    'components responses EmailTaken content application/problem+json examples emailTaken value status',
    'x',
  ),
  broken('no-invalid-schema-examples', 'components schemas Tag examples', [7]),
  broken('no-invalid-parameter-examples', 'components parameters Limit example', 'many'),
  broken('scalar-property-missing-example', 'components schemas Note properties is_pinned examples'),
  broken('no-required-schema-properties-undefined', 'components schemas TagCount required', ['tag', 'missing']),
  broken('operation-description', 'paths /tags/rename post description'),
  broken('operation-operationId', 'paths /users/me/password put operationId'),
  broken('operation-operationId-unique', 'paths /health/live get operationId', 'getHealth'),
  broken('operation-tag-defined', 'paths /trash get tags', ['elsewhere']),
  broken('tag-description', 'tags 0 description'),
  broken('parameter-description', 'components parameters Sort description'),
  broken('path-not-include-query', 'paths /query?x=1', {}),
  broken('paths-kebab-case', 'paths /camelCase/{noteId}/camelCase', {}),
]

/** For spectral: OWASP rules about bounds and security. */
export const spectralBreaks: readonly Break[] = [
  broken('owasp:api4:2023-string-limit', 'components schemas Note properties content maxLength'),
  broken('owasp:api4:2023-string-restricted', 'components schemas Note properties title pattern'),
  broken('owasp:api4:2023-array-limit', 'components schemas Note properties tags maxItems'),
  broken('owasp:api4:2023-integer-limit', 'components schemas Note properties version', {
    type: 'integer',
    format: 'int32',
  }),
  broken('owasp:api4:2023-integer-format', 'components schemas TagCount properties count format'),
  broken('owasp:api2:2023-read-restricted', 'paths /notes get security', []),
  broken('owasp:api2:2023-write-restricted', 'paths /notes post security', []),
  broken('owasp:api8:2023-define-error-responses-401', 'paths /trash get responses 401'),
  broken('owasp:api8:2023-define-error-responses-500', 'paths /trash get responses 500'),
  broken('owasp:api8:2023-define-error-validation', 'paths /tags get responses', { '200': { description: 'Seeded.' } }),
  broken('owasp:api1:2023-no-numeric-ids', 'components parameters KeyId schema', { type: 'integer' }),
  broken('owasp:api2:2023-no-http-basic', 'components securitySchemes apiKey', { type: 'http', scheme: 'basic' }),
]

/** A copy of the document with all the breaks. */
export function withBreaks(root: Json, breaks: readonly Break[]): unknown {
  const copy = structuredClone(root) as Record<string, unknown>
  for (const { rule, place, value } of breaks) {
    const last = place.at(-1) ?? ''
    const parent = place.slice(0, -1).reduce<Record<string, unknown>>((node, key) => {
      const member = node[key]
      if (typeof member !== 'object' || member === null) throw new Error(`${rule}: there is no ${place.join(' ')}`)
      return member as Record<string, unknown>
    }, copy)
    if (value !== undefined) parent[last] = structuredClone(value)
    else if (last in parent) delete parent[last]
    else throw new Error(`${rule}: there is no ${place.join(' ')} to take away`)
  }
  return copy
}

/** Whether a finding is about the break: at its place, or at the parent of a removed place. */
export function isAbout({ place, value }: Break, pointer: string): boolean {
  const parent = place.slice(0, -1)
  // The rule for unique operationIds reports the id as if it were a key.
  const asKey = typeof value === 'string' && pointer === at([...parent, value])
  return asKey || pointer === at(parent) || `${pointer}/`.startsWith(`${at(place)}/`)
}

function at(keys: readonly string[]): string {
  return keys.map((key) => `/${escapeToken(key)}`).join('')
}
