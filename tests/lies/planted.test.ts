import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { applyLie } from './lie.ts'
import { plantedLies } from './planted.ts'
import { thisProject } from './project.ts'

const lies = await plantedLies()

test.each(lies)('a planted lie still has its one place and its gate: $title', (lie) => {
  expect(() => applyLie(readFileSync(join(thisProject.root, lie.file), 'utf8'), lie)).not.toThrow()
  expect(Object.keys(thisProject.gates)).toContain(lie.gate)
})

test('no two planted lies have one title', () => {
  const titles = lies.map(({ title }) => title)
  expect(titles).toEqual([...new Set(titles)])
})
