import { at, type JsonObject } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { type Finding, reporter } from './changes.ts'
import { compareMembers, type Side } from './compare-members.ts'
import type { CompareSchemas } from './compare-schemas.ts'

/** Compares the request bodies of an operation. */
export function compareBodies(
  [oldRoot, before]: Side,
  [newRoot, after]: Side,
  schemas: CompareSchemas,
): readonly Finding[] {
  const { operationId, body: was } = before
  const { body: is } = after
  const report = reporter(operationId)
  if (was === undefined && is === undefined) return []
  if (is === undefined) return [report('body-removed', '', 'major', 'it takes no body any more')]
  if (was === undefined) return [report('body-added', '', is.required ? 'major' : 'minor', 'it takes a body now')]
  const limits = `${was.maxBytes} bytes became ${is.maxBytes}`
  const required = `required: ${was.required} became ${is.required}`
  const [oldBody, newBody] = [bodyOf(oldRoot, before), bodyOf(newRoot, after)]
  return [
    ...(was.required === is.required ? [] : [report('body-required', '', is.required ? 'major' : 'minor', required)]),
    ...(was.maxBytes === is.maxBytes
      ? []
      : [report('body-limit', '', is.maxBytes < was.maxBytes ? 'major' : 'minor', limits)]),
    ...compareMembers(
      oldBody.value,
      newBody.value,
      ['required', 'content'],
      (key) => `body-member ${operationId} ${key}`,
    ),
    ...[...new Set([...was.content.keys(), ...is.content.keys()])].flatMap((type): readonly Finding[] => {
      const [old, now] = [was.content.get(type), is.content.get(type)]
      if (now === undefined)
        return [report('request-media-type-removed', type, 'major', `${type} is refused now`, [type])]
      if (old === undefined)
        return [report('request-media-type-added', type, 'minor', `${type} is accepted now`, [type])]
      const [oldMedia, newMedia] = [at(oldRoot, oldBody, 'content', type), at(newRoot, newBody, 'content', type)]
      return [
        ...schemas(old, now, 'request'),
        ...compareMembers(
          oldMedia.value,
          newMedia.value,
          ['schema'],
          (key) => `body-member ${operationId} ${type} ${key}`,
        ),
      ]
    }),
  ]
}

function bodyOf(root: JsonObject, { path, method }: Operation) {
  return at(root, { pointer: '', value: root }, 'paths', path, method, 'requestBody')
}
