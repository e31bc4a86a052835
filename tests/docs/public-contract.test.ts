import { describe, expect, test } from 'vitest'
import { parseDocument } from '../../src/contract/document/document.ts'
import { withCodeSamples } from '../../src/docs/code-samples.ts'
import { useServer } from '../support/fixtures.ts'
import { ask } from '../support/people.ts'
import { document } from '../contract/harness/document-examples.ts'

const PUBLIC_URL = 'https://example.com/a/notes-app'

describe('with a public address', () => {
  const server = useServer({ publicUrl: PUBLIC_URL })
  const yaml = async () => (await ask(server, 'GET', '/openapi.yaml')).text
  const json = async () => (await ask(server, 'GET', '/openapi.json')).text

  test('both forms of the contract name it as server and token endpoint, and in every link and sample', async () => {
    const text = await json()
    const read = JSON.parse(text) as object
    expect(text).not.toContain('localhost:8000')
    expect(text).not.toContain('](/')
    expect(text).toContain(`curl '${PUBLIC_URL}/notes?limit=20'`)
    expect(text).toContain(`[note-changed](${PUBLIC_URL}/problems/note-changed)`)
    expect(read).toMatchObject({
      servers: [{ url: PUBLIC_URL }],
      components: { securitySchemes: { oauth2: { flows: { password: { tokenUrl: `${PUBLIC_URL}/auth/token` } } } } },
    })
    expect(text).not.toContain('Url":"/')
  })

  test('openapi.yaml keeps its text, and means the same as openapi.json without its samples', async () => {
    const text = await yaml()
    expect(text.split('\n')).toHaveLength(document.text.split('\n').length)
    const unsampled = JSON.parse(await json(), (key, value: unknown) =>
      key === 'x-codeSamples' ? undefined : value,
    ) as object
    expect(parseDocument(text).root).toEqual(unsampled)
  })
})

describe('without one', () => {
  const server = useServer()

  test('the contract is served as it was written', async () => {
    expect((await ask(server, 'GET', '/openapi.yaml')).text).toBe(document.text)
    expect(JSON.parse((await ask(server, 'GET', '/openapi.json')).text)).toEqual(withCodeSamples(document.root))
  })
})
