// The node's own tasks, in DATA_DIR/node.db beside the outbox. After a change:
// drizzle-kit generate --dialect sqlite --schema 'gpu-node/*/schema.ts' --out migrations/node
export { task, taskEffect, taskLane, taskPause, taskSchedule } from '#shared/task-store/schema.ts'
