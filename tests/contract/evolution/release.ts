/**
 * Stores a contract as released: `npm run release:contract`. Writes tests/contract/released/<version>.yaml and, beside
 * it, the requests of a client of this version, recorded with one server of this version and replayed against another.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { compileContract } from '../../../src/contract/compile.ts'
import { loadDocument } from '../../../src/contract/document/document.ts'
import { cleanUp, serve, temporaryDirectory } from '../../support/process.ts'
import { pinDigests } from './digests.ts'
import { judgeHistory, type Rules } from './judge.ts'
import { openRecorder } from './recorder.ts'
import { type Recording, writeRecording } from './recording.ts'
import { listedChanges, RELEASED, releasedContracts } from './released.ts'
import { oldClient } from './replay.ts'
import { redoclyOpinion } from './second-opinion.ts'
import { standingViolations } from './standing.ts'
import { recordStories } from './stories.ts'

const document = loadDocument()
const contractFile = new URL(`${document.version}.yaml`, RELEASED)
const requestsFile = new URL(`${document.version}.requests.json`, RELEASED)

if (existsSync(requestsFile)) fail(`${document.version} is released already, and a release is never changed.`)
// A contract that was released before there were recordings gets one, if it is still the one that is served.
if (existsSync(contractFile) && loadDocument(contractFile).text !== document.text)
  fail(`${document.version}.yaml is another contract.`)

const changelog = readFileSync(new URL('../../../CHANGELOG.md', import.meta.url), 'utf8')
const rules: Rules = { listed: listedChanges(), changelog, secondOpinions: [redoclyOpinion] }
const verdicts = judgeHistory([...releasedContracts(), document], rules)
const complaints = [...standingViolations(document), ...verdicts.flatMap((verdict) => verdict.violations)]
if (complaints.length > 0) fail(complaints.join('\n'))

const recording = await withServer(record)
const violations = await withServer((url) => oldClient(document).replay({ url }, recording))
if (violations.length > 0) fail(`The recording cannot be replayed:\n${violations.join('\n')}`)
writeFileSync(contractFile, document.text)
writeFileSync(requestsFile, writeRecording(recording))
pinDigests([`${document.version}.yaml`, `${document.version}.requests.json`])
const count = recording.stories.flatMap(({ steps }) => steps).length
process.stdout.write(`${document.version} is kept, with ${recording.stories.length} stories of ${count} requests\n`)

async function record(url: string): Promise<Recording> {
  const { router } = compileContract(document.root)
  const recorder = await openRecorder(url, (method, path) =>
    router.match(path.split('?')[0] ?? '')?.methods.get(method.toLowerCase()),
  )
  try {
    return { contract: document.version, stories: await recordStories(recorder) }
  } finally {
    await recorder.close()
  }
}

/** Runs the server as an operator starts it, with an empty database. */
async function withServer<T>(work: (url: string) => Promise<T>): Promise<T> {
  try {
    return await work((await serve({ DATA_DIR: temporaryDirectory(), LOG_LEVEL: 'warn' })).url)
  } finally {
    await cleanUp()
  }
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
