CREATE TABLE `feedback` (
	`turn_id` text PRIMARY KEY NOT NULL,
	`vote` text NOT NULL,
	`comment` text,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`turn_id`) REFERENCES `turn`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `turn_search_row` (
	`id` integer PRIMARY KEY NOT NULL,
	`turn_id` text NOT NULL,
	FOREIGN KEY (`turn_id`) REFERENCES `turn`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `turn_search_by_turn` ON `turn_search_row` (`turn_id`);--> statement-breakpoint
CREATE VIRTUAL TABLE `turn_search` USING fts5(`owner`, `words`, content='', contentless_delete=1);
