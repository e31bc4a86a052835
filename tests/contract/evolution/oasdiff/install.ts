/**
 * Installs oasdiff if Go is new enough, so that `npm run lint:evolution` runs it:
 * `node tests/contract/evolution/oasdiff/install.ts`. Needs the network once. `npm ci` removes it.
 */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { hasGo } from '../../../support/go.ts'
import { BINARY, DIRECTORY, isInstalled, OASDIFF } from './oasdiff.ts'

const { module, version, sum } = OASDIFF
if (!hasGo()) print('oasdiff: not installed (Go 1.21 or newer is not installed)')
else if (isInstalled()) print(`oasdiff ${version}: was installed before`)
else install()

function install(): void {
  execFileSync('go', ['install', `${module}@v${version}`], {
    env: { ...process.env, GOBIN: DIRECTORY, GOFLAGS: '' },
    stdio: 'inherit',
  })
  const built = execFileSync('go', ['version', '-m', BINARY], { encoding: 'utf8' })
  if (!built.includes(`\tmod\t${module}\tv${version}\t${sum}`)) {
    rmSync(DIRECTORY, { recursive: true })
    throw new Error(`Go fetched ${module} v${version} with another sum than ${sum}:\n${built}`)
  }
  print(`oasdiff ${version}: installed`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
