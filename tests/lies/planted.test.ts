import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { applyLie } from './lie.ts'
import { plantedLies } from './planted.ts'
import { thisProject } from './project.ts'

const lies = await plantedLies()

test.each(lies)('a planted lie still names one place and a gate: $title', (lie) => {
  expect(() => applyLie(readFileSync(join(thisProject.root, lie.file), 'utf8'), lie)).not.toThrow()
  expect(Object.keys(thisProject.gates)).toContain(lie.gate)
})

test('no two planted lies have the same title', () => {
  const titles = lies.map(({ title }) => title)
  expect(titles).toEqual([...new Set(titles)])
})
