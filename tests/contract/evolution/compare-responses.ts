import { isDeepStrictEqual } from 'node:util'
import { at, isObject, type JsonObject, object, type Place } from '../../../src/contract/document/document.ts'
import type { Operation, ResponseSpec } from '../../../src/contract/document/operations.ts'
import { type Finding, reporter } from './changes.ts'
import { compareEvents, EVENTS } from './compare-events.ts'
import { compareLinks } from './compare-links.ts'
import { compareMembers, componentOf, componentsOf, mapOf, type Side } from './compare-members.ts'
import { compareShownProblems } from './compare-problems.ts'
import type { CompareSchemas } from './compare-schemas.ts'

/** A response as the server reads it, and as the document writes it. */
export interface Written {
  readonly spec: ResponseSpec
  readonly root: JsonObject
  /** The name of the shared response; undefined for an inline one. */
  readonly component: string | undefined
  readonly place: Place
}

/** Compares statuses, media types, headers, bodies and links of the replies of an operation. */
export function compareResponses(
  [oldRoot, before]: Side,
  [newRoot, after]: Side,
  schemas: CompareSchemas,
): readonly Finding[] {
  const { operationId } = before
  const report = reporter(operationId)
  const [oldPlace, newPlace] = [responsesOf(oldRoot, before), responsesOf(newRoot, after)]
  const statuses = [...new Set([...before.responses.keys(), ...after.responses.keys()])]
  return statuses.flatMap((status): readonly Finding[] => {
    const [old, now] = [before.responses.get(status), after.responses.get(status)]
    const names = [String(status)]
    if (now === undefined)
      return [report('status-removed', `${status}`, 'major', `it no longer replies ${status}`, names)]
    // A client treats a failure that it does not know by its class (RFC 9110 §15), but it cannot guess what succeeded.
    if (old === undefined)
      return [
        report('status-added', `${status}`, status < 400 ? 'major' : 'minor', `it may reply ${status} now`, names),
      ]
    const [was, is] = [written(oldRoot, oldPlace, status, old), written(newRoot, newPlace, status, now)]
    const members = ['headers', 'content', 'links']
    return [
      ...compareReference(operationId, status, was, is),
      ...compareContent(operationId, status, was, is, schemas),
      ...compareHeaders(operationId, status, was, is, schemas),
      ...compareLinks(operationId, status, resolved(was, 'links'), resolved(is, 'links')),
      ...compareShownProblems(operationId, status, [oldRoot, was.place], [newRoot, is.place]),
      ...compareMembers(
        was.place.value,
        is.place.value,
        members,
        (key) => `reply-member ${operationId} ${status} ${key}`,
      ),
    ]
  })
}

/**
 * Generated clients have a type for each shared response. Of the generators in docs/clients.md, oapi-codegen uses its
 * name, as an alias of the schema, so responses with the same schema may replace each other (seen with 2.8.2).
 * A removed response is reported elsewhere.
 */
function compareReference(
  id: string,
  status: number,
  before: Written,
  { component: is, place, root }: Written,
): Finding[] {
  const was = before.component
  if (was === undefined || was === is || componentsOf(root, 'responses')[was] === undefined) return []
  const text = `${status} was the shared response ${was} and is ${is ?? 'none'} now`
  const isAlias = is !== undefined && isDeepStrictEqual(schemasOf(before.place), schemasOf(place))
  return [reporter(id)('response-name', String(status), isAlias ? 'patch' : 'major', text, [String(status)])]
}

/** The schema of each media type, as it is written. */
function schemasOf({ value }: Place): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object(value['content'] ?? {})).map(([type, content]) => [type, object(content)['schema']]),
  )
}

function compareContent(
  id: string,
  status: number,
  was: Written,
  is: Written,
  schemas: CompareSchemas,
): readonly Finding[] {
  const report = reporter(id)
  const [old, now] = [was.spec.content, is.spec.content]
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((type): readonly Finding[] => {
    const [before, after] = [old.get(type), now.get(type)]
    const detail = `${status} ${type}`
    if (after === undefined)
      return [report('reply-media-type-removed', detail, 'major', `${status} no longer comes as ${type}`, [type])]
    // Beside another type it must be requested; where there was no body it is sent without a request.
    const impact = old.size > 0 ? 'minor' : 'major'
    if (before === undefined)
      return [report('reply-media-type-added', detail, impact, `${status} may come as ${type}`, [type])]
    const [oldMedia, newMedia] = [was, is].map(({ root, place }) => at(root, place, 'content', type).value)
    // Events that appear or disappear altogether are a member that is not known.
    const known = [oldMedia, newMedia].every((media) => isObject(media?.[EVENTS])) ? ['schema', EVENTS] : ['schema']
    return [
      ...schemas(before, after, 'reply'),
      ...compareEvents(id, detail, type, [was, is], schemas),
      ...compareMembers(oldMedia ?? {}, newMedia ?? {}, known, (key) => `reply-member ${id} ${detail} ${key}`),
    ]
  })
}

function compareHeaders(
  id: string,
  status: number,
  was: Written,
  is: Written,
  schemas: CompareSchemas,
): readonly Finding[] {
  const report = reporter(id)
  const [oldRaw, newRaw] = [resolved(was, 'headers'), resolved(is, 'headers')]
  const added = is.spec.headers.filter(({ name }) => find(was.spec, name) === undefined)
  return [
    ...added.map(({ name }) =>
      report('header-added', `${status} ${name}`, 'minor', `${status} has the header ${name} now`, [name]),
    ),
    ...was.spec.headers.flatMap((before): readonly Finding[] => {
      const { name } = before
      const after = find(is.spec, name)
      const detail = `${status} ${name}`
      if (after === undefined)
        return [report('header-removed', detail, 'major', `${status} has no header ${name} any more`, [name])]
      const findings = [
        ...schemas(before.schema, after.schema, 'reply').map((finding) => ({ ...finding, names: [name] })),
        ...compareMembers(
          mapOf(oldRaw[name]),
          mapOf(newRaw[after.name]),
          ['required', 'schema'],
          (key) => `reply-member ${id} ${detail} ${key}`,
        ),
      ]
      if (before.required === after.required) return findings
      const [rule, text] = before.required
        ? ['header-optional', 'may be missing']
        : ['header-required', 'is always there']
      return [
        report(rule, detail, before.required ? 'major' : 'minor', `${name} of ${status} ${text} now`, [name]),
        ...findings,
      ]
    }),
  ]
}

/** Members of a response by name, with their `$ref`s followed. */
function resolved({ root, place }: Written, key: 'headers' | 'links'): JsonObject {
  return Object.fromEntries(
    Object.keys(mapOf(place.value[key])).map((name) => [name, at(root, place, key, name).value]),
  )
}

function written(root: JsonObject, responses: Place, status: number, spec: ResponseSpec): Written {
  const key = String(status)
  return { spec, root, component: componentOf(responses.value[key], 'responses'), place: at(root, responses, key) }
}

function responsesOf(root: JsonObject, { path, method }: Operation): Place {
  return at(root, { pointer: '', value: root }, 'paths', path, method, 'responses')
}

/** Names of headers are the same in any case. */
function find({ headers }: ResponseSpec, name: string) {
  return headers.find((header) => header.name.toLowerCase() === name.toLowerCase())
}
