import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isOf } from './gates.ts'
import { applyLie } from './lie.ts'
import { plantedLies, readSuspects } from './planted.ts'
import { thisProject } from './project.ts'

const lies = await plantedLies()

test.each(lies)('a planted lie still names one place and a gate: $title', (lie) => {
  expect(() => applyLie(readFileSync(join(thisProject.root, lie.file), 'utf8'), lie)).not.toThrow()
  expect(Object.keys(thisProject.gates)).toContain(lie.gate)
})

test('every suspect is in a test file, and of the gate of a planted lie', () => {
  const stale = Object.entries(readSuspects()).filter(([title, { file }]) => {
    const lie = lies.find((one) => one.title === title)
    const isThere = existsSync(join(thisProject.root, file))
    const gate = thisProject.gates[lie?.gate ?? '']
    return !isThere || gate?.failsBy !== 'tests' || !isOf(gate, file)
  })
  expect(stale).toEqual([])
})

test('no two planted lies have the same title', () => {
  const titles = lies.map(({ title }) => title)
  expect(titles).toEqual([...new Set(titles)])
})
