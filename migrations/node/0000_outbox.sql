CREATE TABLE `outbox` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`turn_id` text NOT NULL,
	`revision` integer NOT NULL,
	`body` text NOT NULL,
	`kept_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `outbox_turn_id_unique` ON `outbox` (`turn_id`);