import type { Operation, ResponseSpec } from '../../../src/contract/operations.ts'
import { type Finding, teller } from './changes.ts'
import type { CompareSchemas } from './compare-schemas.ts'

/** Statuses, media types, headers and bodies of what an operation answers. */
export function compareResponses(before: Operation, after: Operation, schemas: CompareSchemas): Finding[] {
  const tell = teller(before.operationId)
  const statuses = [...new Set([...before.responses.keys(), ...after.responses.keys()])]
  return statuses.flatMap((status): readonly Finding[] => {
    const [was, is] = [before.responses.get(status), after.responses.get(status)]
    const names = [String(status)]
    if (is === undefined) return [tell('status-removed', `${status}`, 'major', `it no longer answers ${status}`, names)]
    // A client treats a failure that it does not know by its class (RFC 9110 §15), but it cannot guess what succeeded.
    if (was === undefined)
      return [tell('status-added', `${status}`, status < 400 ? 'major' : 'minor', `it may answer ${status} now`, names)]
    return [
      ...compareContent(before.operationId, status, was, is, schemas),
      ...compareHeaders(before.operationId, status, was, is, schemas),
    ]
  })
}

function compareContent(id: string, status: number, was: ResponseSpec, is: ResponseSpec, schemas: CompareSchemas): Finding[] {
  const tell = teller(id)
  return [...new Set([...was.content.keys(), ...is.content.keys()])].flatMap((type): readonly Finding[] => {
    const [before, after] = [was.content.get(type), is.content.get(type)]
    if (after === undefined)
      return [tell('reply-media-type-removed', `${status} ${type}`, 'major', `${status} no longer comes as ${type}`, [type])]
    // Next to another one it has to be asked for; where there was no body it comes unasked.
    if (before === undefined)
      return [
        tell('reply-media-type-added', `${status} ${type}`, was.content.size > 0 ? 'minor' : 'major', `${status} may come as ${type}`, [
          type,
        ]),
      ]
    return schemas(before, after, 'reply')
  })
}

function compareHeaders(id: string, status: number, was: ResponseSpec, is: ResponseSpec, schemas: CompareSchemas): Finding[] {
  const tell = teller(id)
  const added = is.headers.filter(({ name }) => find(was, name) === undefined)
  return [
    ...added.map(({ name }) => tell('header-added', `${status} ${name}`, 'minor', `${status} has the header ${name} now`, [name])),
    ...was.headers.flatMap((before): readonly Finding[] => {
      const { name } = before
      const after = find(is, name)
      if (after === undefined)
        return [tell('header-removed', `${status} ${name}`, 'major', `${status} has no header ${name} any more`, [name])]
      const schemaFindings = schemas(before.schema, after.schema, 'reply').map((finding) => ({ ...finding, names: [name] }))
      if (before.required === after.required) return schemaFindings
      const impact = before.required ? 'major' : 'minor'
      const rule = before.required ? 'header-optional' : 'header-required'
      return [
        tell(rule, `${status} ${name}`, impact, `${name} of ${status} ${before.required ? 'may be missing' : 'is always there'} now`, [
          name,
        ]),
        ...schemaFindings,
      ]
    }),
  ]
}

/** Names of headers are the same in any case. */
function find({ headers }: ResponseSpec, name: string) {
  return headers.find((header) => header.name.toLowerCase() === name.toLowerCase())
}
