import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const MAX_WIDTH = 120

test('no line of the source is longer than 120 characters', () => {
  const root = join(import.meta.dirname, '..')
  const files = globSync('src/**/*.ts', { cwd: root })
  expect(files.length).toBeGreaterThan(150)
  const wide = files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (line.length > MAX_WIDTH ? [`${file}:${index + 1}`] : [])),
  )
  expect(wide).toEqual([])
})
