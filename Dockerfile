# Two stages: the first installs packages with npm and takes the sources; the final image has neither npm's cache nor
# packages of development.
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# No optional dependencies: Node is in the base image, and the database has its own container.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
 && rm -f node_modules/swagger-ui-dist/*.map
WORKDIR /source
COPY package.json openapi.yaml ./
COPY generated ./generated
COPY migrations ./migrations
COPY src ./src
# A checkout may have files that only its owner can read (umask 077). The user of the server has to.
RUN chmod -R a+rX .

FROM node:24.21.0-bookworm-slim
# One malloc arena: hashes run on several threads, and glibc would keep an arena for each, which takes more memory.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000 LOG_FORMAT=json BACKUP_DIR=/backups MALLOC_ARENA_MAX=1
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=packages /source ./
# A volume that is mounted here belongs to the user of the server.
RUN install -d -m 700 -o 10001 -g 10001 /backups
# This user owns nothing and needs no name; the root file system may be read-only.
USER 10001:10001
EXPOSE 8000
# Exec form: node itself gets SIGTERM and drains. npm would not pass the signal on.
CMD ["node", "src/main.ts"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
