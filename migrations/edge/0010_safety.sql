ALTER TABLE `persona` ADD `safety` text;--> statement-breakpoint
ALTER TABLE `turn` ADD `safety` text;