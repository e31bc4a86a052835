import { stripVTControlCharacters } from 'node:util'
import type { CommandResult } from './command.ts'
import type { Gate } from './gates.ts'

/** The result of a gate on a tree: red with a reason, green, or broken because it could not check the tree. */
export interface Verdict {
  readonly state: 'red' | 'green' | 'broken'
  /** The failed test or the finding, or why nothing was checked. */
  readonly reason: string
  /** The test that turned red. */
  readonly test?: FailedTest
  /** The output of the failed test or the program, for a gate that is red without a lie. */
  readonly detail?: string
}

export interface FailedTest {
  /** The path in the copy of the project. */
  readonly file: string
  /** As vitest calls it, below the titles of its groups. */
  readonly name: string
}

/** The part of vitest's JSON report that we read. */
interface Report {
  readonly numTotalTests: number
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly title: string
      readonly ancestorTitles: readonly string[]
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/** `report` is the text of vitest's report, if it wrote one. */
export function judge(gate: Gate, result: CommandResult, report: string | undefined): Verdict {
  if (result.code === undefined) return broken(`did not end within ${result.seconds.toFixed(0)} s`)
  return gate.failsBy === 'tests' ? judgeTests(result, report) : judgeFindings(result)
}

/** The errors of failed assertions, `expect(…).rejects` and `.resolves` included. */
const ASSERTED = /^(?:AssertionError\b|Error: promise (?:resolved|rejected) .* instead of )/

/** Only a failed assertion catches a lie. A file that does not load, or a test that throws before it, does not. */
function judgeTests({ code, output }: CommandResult, text: string | undefined): Verdict {
  if (text === undefined) return broken(`vitest wrote no report: ${lastLine(output)}`)
  const { numTotalTests, numPassedTests, testResults } = JSON.parse(text) as Report
  const unloaded = testResults.find(({ message, assertionResults }) => assertionResults.length === 0 && message !== '')
  if (unloaded !== undefined) return broken(`a test file does not load: ${firstLine(unloaded.message)}`)
  if (numTotalTests === 0) return broken('no test was collected')
  const failed = testResults.flatMap(({ name: file, assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map((result) => ({ ...result, file })),
  )
  const asserted = failed.find(({ failureMessages }) =>
    failureMessages.some((message) => ASSERTED.test(plain(message))),
  )
  if (asserted !== undefined)
    return {
      state: 'red',
      reason: asserted.fullName,
      detail: plain(asserted.failureMessages.join('\n')),
      test: { file: asserted.file, name: [...asserted.ancestorTitles, asserted.title].join(' > ') },
    }
  const [first] = failed
  if (first !== undefined)
    return broken(`no assertion failed, but ${first.fullName}: ${firstLine(first.failureMessages.join('\n'))}`)
  if (code === 0) return numPassedTests > 0 ? { state: 'green', reason: '' } : broken('no test was run')
  const message = testResults.map((file) => file.message).find((line) => line !== '')
  return broken(`vitest failed without a failed test: ${firstLine(message ?? lastLine(output))}`)
}

/** The output of node for an uncaught error, and of npm for a missing script. */
const CRASH = /^Node\.js v\d|^\s+at .+:\d+:\d+\)?$|^npm error Missing script/m

function judgeFindings({ code, output }: CommandResult): Verdict {
  if (code === 0) return { state: 'green', reason: '' }
  const text = plain(output)
  if (code !== 1) return broken(`exit code ${code}: ${lastLine(text)}`)
  if (CRASH.test(text))
    return broken(`crashed: ${text.split('\n').find((line) => /^\w*Error\b/.test(line)) ?? firstLine(text)}`)
  const finding = text.split('\n').find((line) => /✖|\berror\b/i.test(line)) ?? firstLine(text)
  return finding === ''
    ? broken('exit code 1 without a finding')
    : { state: 'red', reason: finding.trim(), detail: text }
}

function broken(reason: string): Verdict {
  return { state: 'broken', reason }
}

function firstLine(text: string): string {
  return linesOf(text)[0] ?? ''
}

function lastLine(text: string): string {
  return linesOf(text).at(-1) ?? ''
}

function linesOf(text: string): string[] {
  return plain(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

function plain(text: string): string {
  return stripVTControlCharacters(text)
}
