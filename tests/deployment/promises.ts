/** A service of compose.yaml, as it stands there or as the loader of Docker Compose resolves it. */
export type Service = Readonly<Record<string, unknown>>

const isList = (value: unknown, ...items: readonly string[]): boolean => JSON.stringify(value) === JSON.stringify(items)

/** What docs/deployment.md promises of every container. */
const PROMISES: Readonly<Record<string, (service: Service) => boolean>> = {
  restart: ({ restart }) => restart === 'unless-stopped',
  read_only: ({ read_only: readOnly }) => readOnly === true,
  cap_drop: ({ cap_drop: dropped, cap_add: added }) => isList(dropped, 'ALL') && added === undefined,
  security_opt: ({ security_opt: options }) => isList(options, 'no-new-privileges:true'),
  logging: ({ logging }) => {
    const options = (logging as { options?: Record<string, unknown> } | undefined)?.options ?? {}
    return /^\d+m$/.test(String(options['max-size'])) && /^\d+$/.test(String(options['max-file']))
  },
  mem_limit: ({ mem_limit: memory }) => typeof memory === 'string' && memory !== '0',
  pids_limit: ({ pids_limit: processes }) => Number(processes) > 0,
  // A number of processors is refused on a machine that has fewer.
  cpu_shares: ({ cpu_shares: weight, cpus }) => Number(weight) > 0 && cpus === undefined,
  privileged: ({ privileged, network_mode: network, pid }) => !privileged && network === undefined && pid === undefined,
}

/** The names of the promises that a service breaks. */
export function brokenPromises(service: Service): string[] {
  return Object.entries(PROMISES).flatMap(([name, isKept]) => (isKept(service) ? [] : [name]))
}
