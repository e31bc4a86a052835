import { readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Generator } from '../generator.ts'
import { JAVA, VERSION, dependencies, fetchJar, generate, maven } from '../openapi-generator/jar.ts'

const LIBRARIES = join('libraries', '*')

export const openapiGeneratorJava: Generator = {
  name: 'openapi-generator-java',
  language: 'Java',
  version: VERSION,
  needs: [...JAVA, { name: 'javac', command: 'javac', atLeast: '17.0' }],
  steps: {
    install: async (context) => {
      await fetchJar(context)
      const pom = join(context.source, 'pom.xml')
      await maven(
        context,
        '--file',
        pom,
        dependencies('copy-dependencies'),
        `-DoutputDirectory=${join(context.directory, 'libraries')}`,
      )
    },
    generate: (context) => generate(context, 'generated'),
    compile: async ({ run, directory, source }) => {
      const sources = readdirSync(join(directory, 'generated', 'src', 'main', 'java'), {
        recursive: true,
        encoding: 'utf8',
      })
        .filter((name) => name.endsWith('.java'))
        .map((name) => join('generated', 'src', 'main', 'java', name))
      await run('javac', ['-encoding', 'UTF-8', '-proc:none', '-d', 'client', '-cp', LIBRARIES, ...sources])
      const classes = ['client', LIBRARIES].join(delimiter)
      await run('javac', [
        '-encoding',
        'UTF-8',
        '-proc:none',
        '-Xlint:all',
        '-Werror',
        '-d',
        'program',
        '-cp',
        classes,
        join(source, 'RoundTrip.java'),
      ])
    },
    roundTrip: ({ run, serverUrl }) =>
      run('java', ['-cp', ['program', 'client', LIBRARIES].join(delimiter), 'RoundTrip', serverUrl], { seconds: 60 }),
  },
}
