import { expect, test } from 'vitest'
import { at, loadDocument, object } from '../../src/contract/document/document.ts'
import { bounds } from '../../src/notes/core/bounds.ts'

test('the bounds in src are those of the contract', () => {
  const { root } = loadDocument()
  const schemas = at(root, { pointer: '', value: root }, 'components', 'schemas').value
  const { title, content, tags } = object(object(schemas['Note'])['properties'])
  expect(bounds).toEqual({
    title: object(title)['maxLength'],
    content: object(content)['maxLength'],
    tags: object(tags)['maxItems'],
    tag: object(schemas['Tag'])['maxLength'],
  })
})
