ALTER TABLE `api_key` ADD `origins` text;--> statement-breakpoint
ALTER TABLE `api_key` ADD `limits` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `api_key` ADD `expires_at` integer;