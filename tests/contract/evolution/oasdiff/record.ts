/** Records what oasdiff reports, for opinion.test.ts. With `--check` it compares instead; `.ci/run` does so. */
import { writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { isInstalled, OASDIFF, oasdiffReport, whyNotRun } from './oasdiff.ts'
import { readPolicy } from './opinion.ts'
import { comparisons, RECORDED, recordedReports } from './recording.ts'

if (isInstalled()) recordOrCheck(process.argv.includes('--check'))
else print(whyNotRun())

function recordOrCheck(isCheck: boolean): void {
  const { raised } = readPolicy()
  const reports = Object.fromEntries(
    comparisons().map(({ title, before, after }) => [title, oasdiffReport(before, after, raised)]),
  )
  if (!isCheck) return writeFileSync(RECORDED, `${JSON.stringify(reports, undefined, 2)}\n`)
  const recorded = recordedReports()
  const titles = [...new Set([...Object.keys(recorded), ...Object.keys(reports)])]
  const different = titles.filter((title) => !isDeepStrictEqual(recorded[title], reports[title]))
  for (const title of different) print(`✖ ${title}: oasdiff reports something else than recorded.json`)
  if (different.length > 0) process.exitCode = 1
  else print(`oasdiff ${OASDIFF.version} reports what recorded.json says, in ${titles.length} comparisons`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
