CREATE INDEX `conversation_by_time` ON `conversation` (`updated_at`);--> statement-breakpoint
DROP TABLE `turn_search`;--> statement-breakpoint
DELETE FROM `turn_search_row`;--> statement-breakpoint
-- In double quotes: the dump of a libSQL server does not escape single ones.
CREATE VIRTUAL TABLE `turn_search` USING fts5(`owner`, `words`, content="", contentless_delete=1, prefix="2 3 4 5 6");
