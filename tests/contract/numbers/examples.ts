import { expect } from 'vitest'
import { isObject, type Json, list, object } from '../../../src/contract/document/document.ts'
import { document } from '../harness/document-examples.ts'
import { claim, type Claim, type Measure } from './claims.ts'

/** How often something is there in the value of an example; its summary says so. */
function shown(count: (value: Json) => number): Measure {
  return async ({ value, where }) => expect(count(valueBeside(where))).toBe(value)
}

function valueBeside(summary: string): Json {
  const keys = summary
    .split('/')
    .slice(1, -1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  const example = keys.reduce<Json>(
    (current, key) => (isObject(current) ? current[key] : list(current)[Number(key)]) ?? null,
    document.root,
  )
  return object(example)['value'] ?? null
}

const items = shown((value) => list(value).length)
const member = (...names: readonly string[]): Measure =>
  shown((value) => Number(names.reduce<Json>((current, name) => object(current)[name] ?? null, value)))
const ofList = (name: string): Measure => shown((value) => list(object(value)[name]).length)
/** What the tags become is a text, and so a single one. */
const target = shown((value) => [object(value)['to']].flat().length)
const actions = (action: string): Measure =>
  shown((value) => list(object(value)['actions']).filter((item) => object(item)['action'] === action).length)

/** "In 1 place": the problem that says so lists as many. */
const told = (name: string): Measure => {
  return async ({ value, where }) =>
    expect(list(object(valueBeside(where.replace('/value/', '/')))[name])).toHaveLength(value)
}

/** The version that the problem tells is that of the note beside it. */
const current: Measure = async ({ value, where }) => {
  const { version } = object(object(valueBeside(where.replace('/value/', '/')))['current'])
  expect(version).toBe(value)
}

const inOperation = (path: string, rest: string): string => `/paths/${path.replaceAll('/', '~1')}/${rest}/summary`
const inProblem = (name: string, rest: string): string =>
  `/components/responses/${name}/content/application~1problem+json/examples/${rest}`
const ok = 'responses/200/content/application~1json/examples'

export const exampleClaims: readonly Claim[] = [
  claim(inOperation('/users/me/sessions', `get/${ok}/sessions`), '# session,', items),
  claim(inOperation('/notes', `get/${ok}/page`), '# notes', items),
  claim(inOperation('/notes/summaries', `get/${ok}/page`), '# notes', items),
  claim(inOperation('/notes/{note_id}/revisions', `get/${ok}/page`), '# versions', items),
  claim(inOperation('/tags', `get/${ok}/page`), '# tags', items),
  claim(inOperation('/trash', `get/${ok}/page`), '# deleted note', items),
  claim(
    inOperation('/notes/batch', 'post/requestBody/content/application~1json/examples/tidyUp'),
    '# note archived, another',
    actions('archive'),
  ),
  claim(
    inOperation('/notes/batch', `post/${ok}/tidyUp`),
    '# succeeded, # failed',
    member('succeeded'),
    member('failed'),
  ),
  claim(
    inOperation('/tags/rename', 'post/requestBody/content/application~1json/examples/merge'),
    '# tags become #',
    ofList('from'),
    target,
  ),
  claim(inOperation('/tags/rename', `post/${ok}/merge`), '# notes were changed', member('changed')),
  claim(inProblem('MergeConflict', 'mergeConflict/value/detail'), 'in # place.', told('conflicts')),
  claim(inProblem('NoteChanged', 'weakTag/value/detail'), 'by the weak tag W/"#",', current),
  claim(inProblem('NoteChanged', 'weakTag/value/detail'), 'Send If-Match: "#",', current),
]
