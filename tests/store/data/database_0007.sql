BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0007');
CREATE TABLE answer_forms (
	"key" VARCHAR(400) NOT NULL, 
	form VARCHAR(40) NOT NULL, 
	CONSTRAINT pk_answer_forms PRIMARY KEY ("key")
);
CREATE TABLE answers (
	"key" VARCHAR(64) NOT NULL, 
	text TEXT NOT NULL, 
	score FLOAT, 
	prompt_tokens INTEGER NOT NULL, 
	completion_tokens INTEGER NOT NULL, 
	cost FLOAT, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_answers PRIMARY KEY ("key")
);
INSERT INTO "answers" VALUES('5e76651fd9ad4d586b9d624440601b7259fd991d4e7ca91de21563ef04994543','{"topic": "Billing"}',0.55,120,9,0.000138,'2026-11-29 22:05:30.341356');
INSERT INTO "answers" VALUES('bc423a1935ebd6761e6d84f2361affb5ae688b7e0b99f531e14d95d7d08697b4','{"topic": "Praise"}',4.00000000000000077715e-01,119,9,0.000137,'2026-11-29 22:05:30.341356');
INSERT INTO "answers" VALUES('e3893d3d999a7a58719e9299283fedceffcb1cf482fa1f3600350ca07cb76ebe','{"topic": "Billing"}',7.00000000000000066613e-01,120,9,0.000138,'2026-11-29 22:05:30.341356');
CREATE TABLE class_pairs (
	run_id INTEGER NOT NULL, 
	control TEXT NOT NULL, 
	cell VARCHAR(32) NOT NULL, 
	task_id INTEGER NOT NULL, 
	truth TEXT, 
	given TEXT, 
	n INTEGER NOT NULL, 
	CONSTRAINT pk_class_pairs PRIMARY KEY (run_id, control, cell, task_id), 
	CONSTRAINT fk_class_pairs_run_id_runs FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "class_pairs" VALUES(1,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(1,'topic','3c6815d5f7dc1576f8d8698bebe5933f',4,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(1,'topic','3c6815d5f7dc1576f8d8698bebe5933f',7,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(1,'topic','87ea2b397ff89ef180156e4e7896d89b',6,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(1,'topic','b285d56af78a9330cffdeb3646080d0e',5,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(1,'topic','b285d56af78a9330cffdeb3646080d0e',8,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(1,'topic','d59b07fea5f7390500f7d787fa4ae540',3,'Praise',NULL,1);
INSERT INTO "class_pairs" VALUES(1,'topic','ef912eaf3924f38096528cc450062800',2,'Bug','Praise',1);
INSERT INTO "class_pairs" VALUES(2,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(2,'topic','3c6815d5f7dc1576f8d8698bebe5933f',4,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(2,'topic','3c6815d5f7dc1576f8d8698bebe5933f',7,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(2,'topic','87ea2b397ff89ef180156e4e7896d89b',3,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(2,'topic','87ea2b397ff89ef180156e4e7896d89b',6,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(2,'topic','b285d56af78a9330cffdeb3646080d0e',2,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(2,'topic','b285d56af78a9330cffdeb3646080d0e',8,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(2,'topic','ef912eaf3924f38096528cc450062800',5,'Bug','Praise',1);
INSERT INTO "class_pairs" VALUES(3,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(3,'topic','3c6815d5f7dc1576f8d8698bebe5933f',4,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(3,'topic','3c6815d5f7dc1576f8d8698bebe5933f',7,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(3,'topic','87ea2b397ff89ef180156e4e7896d89b',3,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(3,'topic','87ea2b397ff89ef180156e4e7896d89b',6,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(3,'topic','b285d56af78a9330cffdeb3646080d0e',5,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(3,'topic','b285d56af78a9330cffdeb3646080d0e',8,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(3,'topic','ef912eaf3924f38096528cc450062800',2,'Bug','Praise',1);
INSERT INTO "class_pairs" VALUES(4,'topic','3c6815d5f7dc1576f8d8698bebe5933f',7,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(4,'topic','405112889e316599a1fbc579ba9cdaf6',1,'Billing','Bug',1);
INSERT INTO "class_pairs" VALUES(4,'topic','405112889e316599a1fbc579ba9cdaf6',4,'Billing','Bug',1);
INSERT INTO "class_pairs" VALUES(4,'topic','87ea2b397ff89ef180156e4e7896d89b',3,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(4,'topic','b285d56af78a9330cffdeb3646080d0e',2,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(4,'topic','b285d56af78a9330cffdeb3646080d0e',5,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(4,'topic','b285d56af78a9330cffdeb3646080d0e',8,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(4,'topic','d59b07fea5f7390500f7d787fa4ae540',6,'Praise',NULL,1);
INSERT INTO "class_pairs" VALUES(8,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(8,'topic','87ea2b397ff89ef180156e4e7896d89b',3,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(8,'topic','ef912eaf3924f38096528cc450062800',2,'Bug','Praise',1);
INSERT INTO "class_pairs" VALUES(9,'topic','b285d56af78a9330cffdeb3646080d0e',5,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(9,'topic','b285d56af78a9330cffdeb3646080d0e',8,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(9,'topic','ef912eaf3924f38096528cc450062800',2,'Bug','Praise',1);
INSERT INTO "class_pairs" VALUES(10,'topic','3c6815d5f7dc1576f8d8698bebe5933f',7,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(10,'topic','b285d56af78a9330cffdeb3646080d0e',8,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(11,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(11,'topic','ef912eaf3924f38096528cc450062800',2,'Bug','Praise',1);
INSERT INTO "class_pairs" VALUES(12,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(12,'topic','3c6815d5f7dc1576f8d8698bebe5933f',4,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(12,'topic','3c6815d5f7dc1576f8d8698bebe5933f',7,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(12,'topic','87ea2b397ff89ef180156e4e7896d89b',3,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(12,'topic','87ea2b397ff89ef180156e4e7896d89b',6,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(12,'topic','b285d56af78a9330cffdeb3646080d0e',5,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(12,'topic','b285d56af78a9330cffdeb3646080d0e',8,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(12,'topic','ef912eaf3924f38096528cc450062800',2,'Bug','Praise',1);
INSERT INTO "class_pairs" VALUES(15,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(15,'topic','3c6815d5f7dc1576f8d8698bebe5933f',4,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(15,'topic','87ea2b397ff89ef180156e4e7896d89b',3,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(15,'topic','b285d56af78a9330cffdeb3646080d0e',2,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(17,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(17,'topic','87ea2b397ff89ef180156e4e7896d89b',3,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(17,'topic','b285d56af78a9330cffdeb3646080d0e',2,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(19,'sure','1be4bf8ef74358fc2ffec2e4b188fba3',11,'yes','yes',1);
INSERT INTO "class_pairs" VALUES(19,'sure','1be4bf8ef74358fc2ffec2e4b188fba3',12,'yes','yes',1);
INSERT INTO "class_pairs" VALUES(19,'sure','277b8c194c908a1847863a58e6ed5058',11,'no','yes',1);
INSERT INTO "class_pairs" VALUES(19,'sure','2fd917c06d727cdbcfe70975a03b15b2',13,NULL,'no',1);
INSERT INTO "class_pairs" VALUES(19,'sure','8d008bf1228a29e844b4e9cfc9fb5556',11,'yes',NULL,1);
INSERT INTO "class_pairs" VALUES(19,'sure','8d008bf1228a29e844b4e9cfc9fb5556',14,'yes',NULL,2);
INSERT INTO "class_pairs" VALUES(19,'sure','8d8bb5c26eaebd4fa662c2a2ce0fe7f7',13,'no',NULL,1);
INSERT INTO "class_pairs" VALUES(19,'sure','b5f64df6e15f5ce2fdc2e8a3c3f51b24',12,'no','no',1);
INSERT INTO "class_pairs" VALUES(19,'sure','d5ff9f14e92a3ad811d829347b5c588b',11,NULL,'yes',1);
INSERT INTO "class_pairs" VALUES(19,'tone','5265e33217bec600dbead87da223e645',11,'warm','warm',1);
INSERT INTO "class_pairs" VALUES(19,'tone','b68274e62fd8b73c71b525f6341c9276',14,'warm',NULL,1);
INSERT INTO "class_pairs" VALUES(19,'tone','fb35b0ddd09c938a42eb99d5edcd5f57',13,'cold','cold',1);
INSERT INTO "class_pairs" VALUES(19,'tone','fc22fa27165293c3563fa18532593f28',12,'cold','warm',1);
INSERT INTO "class_pairs" VALUES(19,'who','1440a2b13ec47a011ea4f8756a81d482',14,'Person',NULL,2);
INSERT INTO "class_pairs" VALUES(19,'who','2952db5c6126ebce7fcbf2c6260fcd07',13,NULL,'Person',1);
INSERT INTO "class_pairs" VALUES(19,'who','2dc3ac90d5e33f5a947fc8957d762068',11,'Place',NULL,1);
INSERT INTO "class_pairs" VALUES(19,'who','2dc3ac90d5e33f5a947fc8957d762068',13,'Place',NULL,1);
INSERT INTO "class_pairs" VALUES(19,'who','53cd2e42868dee236263cab1cb0b6f6e',11,NULL,'Place',1);
INSERT INTO "class_pairs" VALUES(19,'who','6927be2cc929730c5e466219a3b4919c',12,'Place','Place',1);
INSERT INTO "class_pairs" VALUES(19,'who','b2f45169c2d8223dea32181a2cb1259c',12,'Person','Place',1);
INSERT INTO "class_pairs" VALUES(19,'who','df4b1e083799ab400db84ccbd126ee47',11,'Person','Person',2);
INSERT INTO "class_pairs" VALUES(20,'box','397954dbacf45daf01ea4adc7bc0d318',17,'Dog',NULL,1);
INSERT INTO "class_pairs" VALUES(20,'box','424b329345418e00d1712c7b081a7328',15,'Cat','Cat',1);
INSERT INTO "class_pairs" VALUES(20,'box','5a52421138f11195e483490e52d380f7',16,'Dog','Cat',1);
INSERT INTO "class_pairs" VALUES(20,'box','c8d5ec55c3b11c2bc588a00091897efd',16,'Cat',NULL,1);
INSERT INTO "class_pairs" VALUES(21,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(21,'topic','b285d56af78a9330cffdeb3646080d0e',8,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(22,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(22,'topic','3c6815d5f7dc1576f8d8698bebe5933f',7,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(22,'topic','405112889e316599a1fbc579ba9cdaf6',4,'Billing','Bug',1);
INSERT INTO "class_pairs" VALUES(22,'topic','87ea2b397ff89ef180156e4e7896d89b',3,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(22,'topic','87ea2b397ff89ef180156e4e7896d89b',6,'Praise','Praise',1);
INSERT INTO "class_pairs" VALUES(22,'topic','b285d56af78a9330cffdeb3646080d0e',2,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(22,'topic','b285d56af78a9330cffdeb3646080d0e',5,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(22,'topic','b285d56af78a9330cffdeb3646080d0e',8,'Bug','Bug',1);
INSERT INTO "class_pairs" VALUES(25,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(25,'topic','ef912eaf3924f38096528cc450062800',2,'Bug','Praise',1);
INSERT INTO "class_pairs" VALUES(26,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(26,'topic','ef912eaf3924f38096528cc450062800',2,'Bug','Praise',1);
INSERT INTO "class_pairs" VALUES(27,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(27,'topic','ef912eaf3924f38096528cc450062800',2,'Bug','Praise',1);
INSERT INTO "class_pairs" VALUES(28,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(28,'topic','ef912eaf3924f38096528cc450062800',2,'Bug','Praise',1);
INSERT INTO "class_pairs" VALUES(29,'topic','3c6815d5f7dc1576f8d8698bebe5933f',1,'Billing','Billing',1);
INSERT INTO "class_pairs" VALUES(29,'topic','ef912eaf3924f38096528cc450062800',2,'Bug','Praise',1);
CREATE TABLE connections (
	id INTEGER NOT NULL, 
	title VARCHAR(200) NOT NULL, 
	provider VARCHAR(40) NOT NULL, 
	endpoint TEXT NOT NULL, 
	deployment TEXT NOT NULL, 
	api_version VARCHAR(40) NOT NULL, 
	default_model VARCHAR(200) NOT NULL, 
	encrypted_key TEXT NOT NULL, 
	prices JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, created_by JSON, organization INTEGER, details JSON, scope VARCHAR(20) DEFAULT 'Organization' NOT NULL, encrypted_secrets TEXT DEFAULT '' NOT NULL, budget_limit FLOAT, budget_period VARCHAR(20) DEFAULT '' NOT NULL, 
	CONSTRAINT pk_connections PRIMARY KEY (id), 
	CONSTRAINT uq_connections_title UNIQUE (title)
);
INSERT INTO "connections" VALUES(1,'Simulated','Custom','http://model.test/v1','','','simulated','','{"simulated":[1.0,2.0]}','2026-11-29 22:05:25.024649','2026-11-29 22:05:25.024649','null',NULL,NULL,'Organization','',NULL,'');
CREATE TABLE contacts (
	project_id INTEGER NOT NULL, 
	path VARCHAR(200) NOT NULL, 
	extra_params JSON, 
	label_config TEXT NOT NULL, 
	instruction TEXT NOT NULL, 
	seen_at DATETIME NOT NULL, host VARCHAR(300) DEFAULT '' NOT NULL, 
	CONSTRAINT pk_contacts PRIMARY KEY (project_id, path)
);
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	action VARCHAR(60) NOT NULL, 
	task_ids JSON, 
	annotation_ids JSON, 
	received_at FLOAT NOT NULL
);
CREATE TABLE examples (
	annotation_id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	task_id INTEGER NOT NULL, 
	data JSON NOT NULL, 
	answer JSON NOT NULL, 
	ground_truth BOOLEAN NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_examples PRIMARY KEY (annotation_id)
);
INSERT INTO "examples" VALUES(1,1,1,'{"text":"The invoice is wrong."}','{"topic":"Billing"}',1,'2026-11-29 22:05:33.269829');
INSERT INTO "examples" VALUES(2,1,1,'{"text":"The invoice is wrong."}','{"topic":"Billing"}',0,'2026-11-29 22:05:33.269829');
INSERT INTO "examples" VALUES(3,1,2,'{"text":"It crashes on start."}','{"topic":"Bug"}',1,'2026-11-29 22:05:33.269829');
INSERT INTO "examples" VALUES(4,1,3,'{"text":"I love it!"}','{"topic":"Praise"}',1,'2026-11-29 22:05:33.269829');
INSERT INTO "examples" VALUES(5,1,3,'{"text":"I love it!"}','{"topic":"Praise"}',0,'2026-11-29 22:05:33.269829');
INSERT INTO "examples" VALUES(6,1,4,'{"text":"Charged twice."}','{"topic":"Billing"}',1,'2026-11-29 22:05:33.269829');
INSERT INTO "examples" VALUES(7,1,5,'{"text":"The button does nothing."}','{"topic":"Bug"}',1,'2026-11-29 22:05:33.269829');
INSERT INTO "examples" VALUES(8,1,5,'{"text":"The button does nothing."}','{"topic":"Praise"}',0,'2026-11-29 22:05:33.269829');
INSERT INTO "examples" VALUES(9,1,6,'{"text":"Great support."}','{"topic":"Praise"}',1,'2026-11-29 22:05:33.269829');
INSERT INTO "examples" VALUES(10,1,7,'{"text":"Refund, please."}','{"topic":"Billing"}',1,'2026-11-29 22:05:33.269829');
INSERT INTO "examples" VALUES(11,1,7,'{"text":"Refund, please."}','{"topic":"Billing"}',0,'2026-11-29 22:05:33.269829');
INSERT INTO "examples" VALUES(12,1,8,'{"text":"Freezes daily."}','{"topic":"Bug"}',1,'2026-11-29 22:05:33.269829');
CREATE TABLE follows (
	prompt_id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	budget FLOAT, 
	since DATETIME NOT NULL, 
	first_at FLOAT, 
	due_at FLOAT, 
	message TEXT NOT NULL, 
	CONSTRAINT pk_follows PRIMARY KEY (prompt_id, project_id), 
	CONSTRAINT fk_follows_prompt_id_prompts FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE
);
CREATE TABLE jobs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR(30) NOT NULL, 
	prompt_id INTEGER, 
	version_id INTEGER, 
	project_id INTEGER, 
	status VARCHAR(20) NOT NULL, 
	request JSON NOT NULL, 
	result JSON NOT NULL, 
	message TEXT NOT NULL, 
	created_by JSON, 
	created_at DATETIME NOT NULL, 
	completed_at DATETIME, 
	fence INTEGER NOT NULL, 
	lease_until FLOAT NOT NULL
);
INSERT INTO "jobs" VALUES(1,'refine',1,1,1,'Completed','{"connection_id":1,"teacher":"simulated"}','{"prompt":"Say which topic {text} has.","reasoning":"Bugs are no praise.","diff":"--- Version 1\n+++ refined\n@@ -1 +1 @@\n-Which topic? {text}\n+Say which topic {text} has.","drafted":false,"examples":1,"held_out":2,"saw_tasks":true,"cost":0.000195,"prompt_tokens":177,"completion_tokens":9}','','{"id":7,"username":"ada","email":"ada@example.com","first_name":"Ada","last_name":"L.","avatar":null}','2026-11-29 22:05:52.800474','2026-11-29 22:05:52.978698',1,0.0);
INSERT INTO "jobs" VALUES(2,'promote',NULL,NULL,1,'Completed','{"labels":["Topics__Version 2"],"all":true,"count":null}','{"project":1,"skipped_identical":0,"skipped_annotated":0,"skipped_doubled":0,"without_prediction":10,"created":0,"annotations":12,"annotated_tasks":8,"notes":[]}','','{"id":7,"username":"ada","email":"ada@example.com","first_name":"Ada","last_name":"L.","avatar":null}','2026-11-29 22:05:54.754932','2026-11-29 22:05:54.938621',1,0.0);
CREATE TABLE kept_predictions (
	run_id INTEGER NOT NULL, 
	prediction_id INTEGER NOT NULL, 
	task_id INTEGER NOT NULL, 
	label VARCHAR(500) NOT NULL, 
	score FLOAT, 
	result JSON NOT NULL, 
	CONSTRAINT pk_kept_predictions PRIMARY KEY (run_id, prediction_id), 
	CONSTRAINT fk_kept_predictions_run_id_runs FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO "kept_predictions" VALUES(18,100,4,'Topics__Version 2',7.00000000000000066613e-01,'[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]');
INSERT INTO "kept_predictions" VALUES(18,101,5,'Topics__Version 2',0.55,'[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]');
INSERT INTO "kept_predictions" VALUES(18,102,6,'Topics__Version 2',0.8,'[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]');
INSERT INTO "kept_predictions" VALUES(18,103,7,'Topics__Version 2',8.50000000000000088817e-01,'[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]');
INSERT INTO "kept_predictions" VALUES(18,104,8,'Topics__Version 2',9.00000000000000133226e-01,'[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]');
INSERT INTO "kept_predictions" VALUES(18,105,9,'Topics__Version 2',9.50000000000000066613e-01,'[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]');
INSERT INTO "kept_predictions" VALUES(18,106,10,'Topics__Version 2',1.0,'[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]');
CREATE TABLE labels (
	label VARCHAR(500) NOT NULL, 
	prompt_id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	slot VARCHAR(10) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_labels PRIMARY KEY (label)
);
INSERT INTO "labels" VALUES('Topics__Version 1__evaluate',1,1,'evaluate','2026-11-29 22:05:30.001727');
INSERT INTO "labels" VALUES('Topics__Version 2__evaluate',1,2,'evaluate','2026-11-29 22:05:31.132902');
INSERT INTO "labels" VALUES('Topics__Version 3__evaluate',1,3,'evaluate','2026-11-29 22:05:33.044624');
INSERT INTO "labels" VALUES('Topics__Version 1',1,1,'all','2026-11-29 22:05:39.778542');
INSERT INTO "labels" VALUES('Topics__Version 2',1,2,'all','2026-11-29 22:05:40.957096');
INSERT INTO "labels" VALUES('Rich__Version 1__evaluate',2,4,'evaluate','2026-11-29 22:05:51.144236');
INSERT INTO "labels" VALUES('Boxes__Version 1__evaluate',3,5,'evaluate','2026-11-29 22:05:52.133717');
INSERT INTO "labels" VALUES('Topics__Version 4__evaluate',1,6,'evaluate','2026-11-29 22:05:53.061427');
CREATE TABLE leases (
	name VARCHAR(500) NOT NULL, 
	holder VARCHAR(200) NOT NULL, 
	fence INTEGER NOT NULL, 
	expires_at FLOAT NOT NULL, 
	CONSTRAINT pk_leases PRIMARY KEY (name)
);
CREATE TABLE outcomes (
	run_id INTEGER NOT NULL, 
	task_id INTEGER NOT NULL, 
	ok BOOLEAN NOT NULL, 
	published BOOLEAN NOT NULL, 
	request_key VARCHAR(64) NOT NULL, 
	kind VARCHAR(30) NOT NULL, 
	message TEXT NOT NULL, 
	answer JSON, 
	result JSON, 
	score FLOAT, 
	problems JSON, 
	raw TEXT NOT NULL, 
	prompt_tokens INTEGER NOT NULL, 
	completion_tokens INTEGER NOT NULL, 
	cost FLOAT, 
	latency FLOAT NOT NULL, 
	calls INTEGER NOT NULL, 
	cached BOOLEAN NOT NULL, flagged BOOLEAN DEFAULT 0 NOT NULL, "right" BOOLEAN, 
	CONSTRAINT pk_outcomes PRIMARY KEY (run_id, task_id), 
	CONSTRAINT fk_outcomes_run_id_runs FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO "outcomes" VALUES(1,1,1,1,'5e76651fd9ad4d586b9d624440601b7259fd991d4e7ca91de21563ef04994543','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',0.55,'[]','{"topic": "Billing"}',120,9,0.000138,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(1,2,1,1,'bc423a1935ebd6761e6d84f2361affb5ae688b7e0b99f531e14d95d7d08697b4','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',4.00000000000000077715e-01,'[]','{"topic": "Praise"}',119,9,0.000137,0.25,1,0,0,0);
INSERT INTO "outcomes" VALUES(1,3,0,0,'ff11b4b7b1be6afb546886332b86c3c621c170b186fb6dd8a7aecfc7e352934f','invalid_answer','The answer is not a JSON object.','null','null',NULL,'null','That is a bug, I think.',369,27,4.23000000000000036127e-04,0.75,3,0,1,0);
INSERT INTO "outcomes" VALUES(1,4,1,1,'e3893d3d999a7a58719e9299283fedceffcb1cf482fa1f3600350ca07cb76ebe','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',7.00000000000000066613e-01,'[]','{"topic": "Billing"}',120,9,0.000138,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(1,5,1,1,'cbc6af38fb8a8a2bcadee42ae942bb3f4e637ee9ef207db06c7e6998e7602de5','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',0.75,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(1,6,1,1,'4fa77cbd98143b708bcddf7ce02705d3bcb0f8d53bfaa32cbed6d45445864bfa','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.8,'[]','{"topic": "Praise"}',119,9,0.000137,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(1,7,1,1,'2356de848901aa9488b69c4190487493e0995be14e0ffc3f793d42b1b0d58892','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',8.50000000000000088817e-01,'[]','{"topic": "Billing"}',120,9,0.000138,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(1,8,1,1,'ec831b655de5c68a7d0e1be095bd7c2dda8439a4e09f55de23c063c84c6ebae3','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',9.00000000000000133226e-01,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(2,1,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',0.55,'[]','{"topic": "Billing"}',120,9,0.000138,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(2,2,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',6.00000000000000088817e-01,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(2,3,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.65,'[]','{"topic": "Praise"}',119,9,0.000137,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(2,4,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',7.00000000000000066613e-01,'[]','{"topic": "Billing"}',120,9,0.000138,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(2,5,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.55,'[]','{"topic": "Praise"}',119,9,0.000137,0.25,1,0,0,0);
INSERT INTO "outcomes" VALUES(2,6,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.8,'[]','{"topic": "Praise"}',119,9,0.000137,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(2,7,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',8.50000000000000088817e-01,'[]','{"topic": "Billing"}',120,9,0.000138,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(2,8,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',9.00000000000000133226e-01,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(3,1,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',0.55,'[]','{"topic": "Billing"}',0,0,0.0,0.0,0,1,0,1);
INSERT INTO "outcomes" VALUES(3,2,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',4.00000000000000077715e-01,'[]','{"topic": "Praise"}',0,0,0.0,0.0,0,1,0,0);
INSERT INTO "outcomes" VALUES(3,3,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.65,'[]','{"topic": "Praise"}',119,9,0.000137,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(3,4,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',7.00000000000000066613e-01,'[]','{"topic": "Billing"}',0,0,0.0,0.0,0,1,0,1);
INSERT INTO "outcomes" VALUES(3,5,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',0.75,'[]','{"topic": "Bug"}',0,0,0.0,0.0,0,1,0,1);
INSERT INTO "outcomes" VALUES(3,6,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.8,'[]','{"topic": "Praise"}',0,0,0.0,0.0,0,1,0,1);
INSERT INTO "outcomes" VALUES(3,7,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',8.50000000000000088817e-01,'[]','{"topic": "Billing"}',0,0,0.0,0.0,0,1,0,1);
INSERT INTO "outcomes" VALUES(3,8,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',9.00000000000000133226e-01,'[]','{"topic": "Bug"}',0,0,0.0,0.0,0,1,0,1);
INSERT INTO "outcomes" VALUES(4,2,1,1,'d7396aa6b2b4db613a081ec3bdafa87e95e37398e3128fd4f5534ea1e851ff75','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',6.00000000000000088817e-01,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(4,3,1,1,'e6352cd87433c4b0798f54b20c4aedfc78600946995bb72d71fe74012fc26c43','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.65,'[]','{"topic": "Praise"}',119,9,0.000137,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(4,4,1,1,'b1787a7acb9c77e1836f61cccf19b13aaa6692eff794dcbb9d71faef87508983','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',0.5,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,0);
INSERT INTO "outcomes" VALUES(4,5,1,1,'8e2b1e96ff95a16ae18280cd68acb289c3813cda2bc19728b4c3907308746665','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',0.75,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(4,6,0,0,'0b8bb1a83f5b63a78d61509f2bef9dbbaa6692eff794dcbb9d71faef87508983','timeout','The model was too slow.','null','null',NULL,'null','',0,0,0.0,0.0,0,0,0,0);
INSERT INTO "outcomes" VALUES(4,7,1,1,'ac150bf02b715ac5b21362aaa54173a9aa6692eff794dcbb9d71faef87508983','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',8.50000000000000088817e-01,'[]','{"topic": "Billing"}',120,9,0.000138,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(4,8,1,1,'d7a076fa47caa597a1ab6f2016727093aa6692eff794dcbb9d71faef87508983','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',9.00000000000000133226e-01,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(4,1,1,1,'a18cd850eab23592b172ba381bb202ab7354d70184ddae09dd006610fb28f638','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',3.50000000000000033306e-01,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,0);
INSERT INTO "outcomes" VALUES(5,1,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',0.55,'[]','{"topic": "Billing"}',120,9,0.000138,0.25,1,0,0,NULL);
INSERT INTO "outcomes" VALUES(5,2,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',6.00000000000000088817e-01,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,NULL);
INSERT INTO "outcomes" VALUES(5,3,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.65,'[]','{"topic": "Praise"}',119,9,0.000137,0.25,1,0,0,NULL);
INSERT INTO "outcomes" VALUES(5,4,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',7.00000000000000066613e-01,'[]','{"topic": "Billing"}',120,9,0.000138,0.25,1,0,0,NULL);
INSERT INTO "outcomes" VALUES(5,5,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',0.75,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,NULL);
INSERT INTO "outcomes" VALUES(5,6,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.8,'[]','{"topic": "Praise"}',119,9,0.000137,0.25,1,0,0,NULL);
INSERT INTO "outcomes" VALUES(5,7,0,0,'','invalid_answer','The answer is not a JSON object.','null','null',NULL,'null','That is a bug, I think.',369,27,4.23000000000000036127e-04,0.75,3,0,1,NULL);
INSERT INTO "outcomes" VALUES(5,8,0,0,'','timeout','The model was too slow.','null','null',NULL,'null','',0,0,0.0,0.0,0,0,0,NULL);
INSERT INTO "outcomes" VALUES(5,9,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',9.50000000000000066613e-01,'[]','{"topic": "Praise"}',119,9,0.000137,0.25,1,0,0,NULL);
INSERT INTO "outcomes" VALUES(5,10,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',1.0,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,NULL);
INSERT INTO "outcomes" VALUES(12,1,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',6.66666666666666629659e-01,'[]','{"topic": "Billing"}',239,18,2.74999999999999962356e-04,0.5,2,0,0,1);
INSERT INTO "outcomes" VALUES(12,2,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',6.66666666666666629659e-01,'[]','{"topic": "Praise"}',235,18,0.000271,0.5,2,0,0,0);
INSERT INTO "outcomes" VALUES(12,3,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',1.0,'[]','{"topic": "Praise"}',238,18,0.000274,0.5,2,0,0,1);
INSERT INTO "outcomes" VALUES(12,4,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',6.66666666666666629659e-01,'[]','{"topic": "Billing"}',239,18,2.74999999999999962356e-04,0.5,2,0,0,1);
INSERT INTO "outcomes" VALUES(12,5,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',6.66666666666666629659e-01,'[]','{"topic": "Bug"}',235,18,0.000271,0.5,2,0,0,1);
INSERT INTO "outcomes" VALUES(12,6,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',1.0,'[]','{"topic": "Praise"}',238,18,0.000274,0.5,2,0,0,1);
INSERT INTO "outcomes" VALUES(12,7,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',6.66666666666666629659e-01,'[]','{"topic": "Billing"}',239,18,2.74999999999999962356e-04,0.5,2,0,0,1);
INSERT INTO "outcomes" VALUES(12,8,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',6.66666666666666629659e-01,'[]','{"topic": "Bug"}',235,18,0.000271,0.5,2,0,0,1);
INSERT INTO "outcomes" VALUES(13,1,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',0.55,'[]','{"topic": "Billing"}',0,0,0.0,0.0,0,1,0,NULL);
INSERT INTO "outcomes" VALUES(13,2,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',6.00000000000000088817e-01,'[]','{"topic": "Bug"}',0,0,0.0,0.0,0,1,0,NULL);
INSERT INTO "outcomes" VALUES(13,3,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.65,'[]','{"topic": "Praise"}',0,0,0.0,0.0,0,1,0,NULL);
INSERT INTO "outcomes" VALUES(13,4,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',7.00000000000000066613e-01,'[]','{"topic": "Billing"}',0,0,0.0,0.0,0,1,0,NULL);
INSERT INTO "outcomes" VALUES(13,5,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.55,'[]','{"topic": "Praise"}',0,0,0.0,0.0,0,1,0,NULL);
INSERT INTO "outcomes" VALUES(13,6,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.8,'[]','{"topic": "Praise"}',0,0,0.0,0.0,0,1,0,NULL);
INSERT INTO "outcomes" VALUES(13,7,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',8.50000000000000088817e-01,'[]','{"topic": "Billing"}',0,0,0.0,0.0,0,1,0,NULL);
INSERT INTO "outcomes" VALUES(13,8,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',9.00000000000000133226e-01,'[]','{"topic": "Bug"}',0,0,0.0,0.0,0,1,0,NULL);
INSERT INTO "outcomes" VALUES(13,9,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',9.50000000000000066613e-01,'[]','{"topic": "Praise"}',0,0,0.0,0.0,0,1,0,NULL);
INSERT INTO "outcomes" VALUES(13,10,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',1.0,'[]','{"topic": "Bug"}',0,0,0.0,0.0,0,1,0,NULL);
INSERT INTO "outcomes" VALUES(14,1,0,0,'','timeout','The model was too slow.','null','null',NULL,'null','',0,0,0.0,0.0,0,0,0,NULL);
INSERT INTO "outcomes" VALUES(14,2,0,0,'','timeout','The model was too slow.','null','null',NULL,'null','',0,0,0.0,0.0,0,0,0,NULL);
INSERT INTO "outcomes" VALUES(19,11,1,1,'','','','{"who":[{"quote":"Ada","occurrence":1,"label":"Person","sure":"yes"},{"quote":"Bob","occurrence":1,"label":"Person","sure":"yes"},{"quote":"in Rome","occurrence":1,"label":"Place","sure":"yes"}],"people":3,"rank":["a","c","b"],"tone":"warm"}','[{"id":"40c0891aa3","from_name":"who","to_name":"text","type":"labels","value":{"start":0,"end":3,"text":"Ada","labels":["Person"]}},{"id":"40c0891aa3","from_name":"sure","to_name":"text","type":"choices","value":{"start":0,"end":3,"text":"Ada","choices":["yes"]}},{"id":"a940a89a2a","from_name":"who","to_name":"text","type":"labels","value":{"start":8,"end":11,"text":"Bob","labels":["Person"]}},{"id":"a940a89a2a","from_name":"sure","to_name":"text","type":"choices","value":{"start":8,"end":11,"text":"Bob","choices":["yes"]}},{"id":"f2bb492e9e","from_name":"who","to_name":"text","type":"labels","value":{"start":12,"end":19,"text":"in Rome","labels":["Place"]}},{"id":"f2bb492e9e","from_name":"sure","to_name":"text","type":"choices","value":{"start":12,"end":19,"text":"in Rome","choices":["yes"]}},{"id":"a64fb87642","from_name":"people","to_name":"text","type":"number","value":{"number":3}},{"id":"7d5f38c12e","from_name":"rank","to_name":"items","type":"ranker","value":{"ranker":{"rank":["a","c","b"]}}},{"id":"2a0f23ae9c","from_name":"tone","to_name":"text","type":"choices","value":{"choices":["warm"]}}]',0.75,'[]','{"who": [{"quote": "Ada", "occurrence": 1, "label": "Person", "sure": "yes"}, {"quote": "Bob", "occurrence": 1, "label": "Person", "sure": "yes"}, {"quote": "in Rome", "occurrence": 1, "label": "Place", "sure": "yes"}], "people": 3, "rank": ["a", "c", "b"], "tone": "warm"}',373,9,0.000391,0.25,1,0,0,0);
INSERT INTO "outcomes" VALUES(19,12,1,1,'','','','{"who":[{"quote":"Bob","occurrence":1,"label":"Place","sure":"yes"},{"quote":"Paris","occurrence":1,"label":"Place","sure":"no"}],"people":1,"rank":["a","b","c"],"tone":"warm"}','[{"id":"0c08bf5336","from_name":"who","to_name":"text","type":"labels","value":{"start":0,"end":3,"text":"Bob","labels":["Place"]}},{"id":"0c08bf5336","from_name":"sure","to_name":"text","type":"choices","value":{"start":0,"end":3,"text":"Bob","choices":["yes"]}},{"id":"cedc3bfe48","from_name":"who","to_name":"text","type":"labels","value":{"start":14,"end":19,"text":"Paris","labels":["Place"]}},{"id":"cedc3bfe48","from_name":"sure","to_name":"text","type":"choices","value":{"start":14,"end":19,"text":"Paris","choices":["no"]}},{"id":"92d3a2d0ef","from_name":"people","to_name":"text","type":"number","value":{"number":1}},{"id":"565f01122d","from_name":"rank","to_name":"items","type":"ranker","value":{"ranker":{"rank":["a","b","c"]}}},{"id":"2a0f23ae9c","from_name":"tone","to_name":"text","type":"choices","value":{"choices":["warm"]}}]',0.75,'[]','{"who": [{"quote": "Bob", "occurrence": 1, "label": "Place", "sure": "yes"}, {"quote": "Paris", "occurrence": 1, "label": "Place", "sure": "no"}], "people": 1, "rank": ["a", "b", "c"], "tone": "warm"}',300,9,0.000318,0.25,1,0,0,0);
INSERT INTO "outcomes" VALUES(19,13,1,1,'','','','{"who":[{"quote":"Nobody","occurrence":1,"label":"Person","sure":"no"}],"people":0,"rank":["b","c","a"],"tone":"cold"}','[{"id":"d427585eeb","from_name":"who","to_name":"text","type":"labels","value":{"start":0,"end":6,"text":"Nobody","labels":["Person"]}},{"id":"d427585eeb","from_name":"sure","to_name":"text","type":"choices","value":{"start":0,"end":6,"text":"Nobody","choices":["no"]}},{"id":"79e9cd949b","from_name":"people","to_name":"text","type":"number","value":{"number":0}},{"id":"44895466c5","from_name":"rank","to_name":"items","type":"ranker","value":{"ranker":{"rank":["b","c","a"]}}},{"id":"2241cd8b49","from_name":"tone","to_name":"text","type":"choices","value":{"choices":["cold"]}}]',0.75,'[]','{"who": [{"quote": "Nobody", "occurrence": 1, "label": "Person", "sure": "no"}], "people": 0, "rank": ["b", "c", "a"], "tone": "cold"}',234,9,0.000252,0.25,1,0,0,0);
INSERT INTO "outcomes" VALUES(19,14,0,0,'','invalid_answer','The answer is not a JSON object.','null','null',NULL,'null','no JSON at all',342,27,3.96000000000000030361e-04,0.75,3,0,1,0);
INSERT INTO "outcomes" VALUES(20,15,1,1,'','','','{"box":[{"x":11,"y":10,"width":20,"height":20,"rotation":0,"label":"Cat"}]}','[{"id":"2f9e3244c8","from_name":"box","to_name":"image","type":"rectanglelabels","value":{"x":11,"y":10,"width":20,"height":20,"rotation":0,"rectanglelabels":["Cat"]}}]',0.5,'[]','',5,4,0.001,0.0,1,0,0,1);
INSERT INTO "outcomes" VALUES(20,16,1,1,'','','','{"box":[{"x":30,"y":10,"width":20,"height":20,"rotation":0,"label":"Cat"}]}','[{"id":"b7fb5c9e44","from_name":"box","to_name":"image","type":"rectanglelabels","value":{"x":30,"y":10,"width":20,"height":20,"rotation":0,"rectanglelabels":["Cat"]}}]',0.5,'[]','',5,4,0.001,0.0,1,0,0,0);
INSERT INTO "outcomes" VALUES(20,17,0,0,'','timeout','too slow','null','null',NULL,'null','',0,0,NULL,0.0,1,0,0,0);
INSERT INTO "outcomes" VALUES(21,1,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',0.55,'[]','{"topic": "Billing"}',120,9,0.000138,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(21,8,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',9.00000000000000133226e-01,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(22,1,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',0.55,'[]','{"topic": "Billing"}',0,0,0.0,0.0,0,1,0,1);
INSERT INTO "outcomes" VALUES(22,2,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',6.00000000000000088817e-01,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(22,3,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.65,'[]','{"topic": "Praise"}',119,9,0.000137,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(22,4,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',0.5,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,0);
INSERT INTO "outcomes" VALUES(22,5,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',0.75,'[]','{"topic": "Bug"}',116,9,0.000134,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(22,6,1,1,'','','','{"topic":"Praise"}','[{"id":"c35595eade","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Praise"]}}]',0.8,'[]','{"topic": "Praise"}',119,9,0.000137,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(22,7,1,1,'','','','{"topic":"Billing"}','[{"id":"40e71273e1","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Billing"]}}]',8.50000000000000088817e-01,'[]','{"topic": "Billing"}',120,9,0.000138,0.25,1,0,0,1);
INSERT INTO "outcomes" VALUES(22,8,1,1,'','','','{"topic":"Bug"}','[{"id":"541c73c936","from_name":"topic","to_name":"text","type":"choices","value":{"choices":["Bug"]}}]',9.00000000000000133226e-01,'[]','{"topic": "Bug"}',0,0,0.0,0.0,0,1,0,1);
CREATE TABLE predict_failures (
	project_id INTEGER NOT NULL, 
	task_id INTEGER NOT NULL, 
	label VARCHAR(500) NOT NULL, 
	kind VARCHAR(30) NOT NULL, 
	message TEXT NOT NULL, 
	raw TEXT NOT NULL, 
	failed_at DATETIME NOT NULL, 
	CONSTRAINT pk_predict_failures PRIMARY KEY (project_id, task_id, label)
);
CREATE TABLE projects (
	project_id INTEGER NOT NULL, 
	title TEXT NOT NULL, 
	instruction TEXT NOT NULL, 
	instruction_read_at DATETIME, 
	examples_read_at DATETIME, 
	examples_revision INTEGER NOT NULL, 
	CONSTRAINT pk_projects PRIMARY KEY (project_id)
);
INSERT INTO "projects" VALUES(1,'','',NULL,'2026-11-29 22:05:33.284821',1);
CREATE TABLE promotions (
	annotation_id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_promotions PRIMARY KEY (annotation_id)
);
CREATE TABLE prompt_projects (
	prompt_id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	CONSTRAINT pk_prompt_projects PRIMARY KEY (prompt_id, project_id), 
	CONSTRAINT fk_prompt_projects_prompt_id_prompts FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE
);
INSERT INTO "prompt_projects" VALUES(1,1);
INSERT INTO "prompt_projects" VALUES(2,2);
INSERT INTO "prompt_projects" VALUES(3,3);
CREATE TABLE prompts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	title VARCHAR(200) NOT NULL, 
	description TEXT NOT NULL, 
	active_version_id INTEGER, 
	published_version_id INTEGER, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, origin VARCHAR(20) DEFAULT '' NOT NULL, origin_project_id INTEGER, created_by JSON, organization INTEGER, skill_name VARCHAR(60) DEFAULT '' NOT NULL, input_fields JSON, output_classes JSON, 
	CONSTRAINT uq_prompts_title UNIQUE (title)
);
INSERT INTO "prompts" VALUES(1,'Topics','',NULL,2,'2026-11-29 22:05:29.614113','2026-11-29 22:05:52.993947','',NULL,'null',NULL,'',NULL,NULL);
INSERT INTO "prompts" VALUES(2,'Rich','',NULL,NULL,'2026-11-29 22:05:51.016397','2026-11-29 22:05:51.063210','',NULL,'null',NULL,'',NULL,NULL);
INSERT INTO "prompts" VALUES(3,'Boxes','',NULL,NULL,'2026-11-29 22:05:52.008389','2026-11-29 22:05:52.056149','',NULL,'null',NULL,'',NULL,NULL);
CREATE TABLE provenance (
	project_id INTEGER NOT NULL, 
	task_id INTEGER NOT NULL, 
	label VARCHAR(500) NOT NULL, 
	version_id INTEGER NOT NULL, 
	given_at DATETIME NOT NULL, 
	shown INTEGER NOT NULL, 
	pool_revision INTEGER, 
	pool_examples INTEGER, 
	CONSTRAINT pk_provenance PRIMARY KEY (project_id, task_id, label)
);
CREATE TABLE publications (
	id INTEGER NOT NULL, 
	label_studio_url VARCHAR(500) NOT NULL, 
	project_id INTEGER NOT NULL, 
	run_id INTEGER, 
	kind VARCHAR(30) NOT NULL, 
	label VARCHAR(500) NOT NULL, 
	detail JSON NOT NULL, 
	fence INTEGER NOT NULL, 
	started_at FLOAT NOT NULL, 
	confirmed_at FLOAT, 
	settled_at FLOAT, 
	note TEXT NOT NULL, 
	CONSTRAINT pk_publications PRIMARY KEY (id)
);
INSERT INTO "publications" VALUES(1,'http://label-studio.test',1,1,'import','Topics__Version 1__evaluate','{"tasks":[1,2,4,5,6,7,8],"labels":["Topics__Version 1__evaluate"],"watermark":0}',1,1.79598993062306427955e+09,1.79598993064394855502e+09,1.79598993064394855502e+09,'');
INSERT INTO "publications" VALUES(2,'http://label-studio.test',1,1,'counters','','{}',1,1.79598993075974798202e+09,1.79598993077909302711e+09,1.79598993077909302711e+09,'');
INSERT INTO "publications" VALUES(3,'http://label-studio.test',1,2,'delete_label','Topics__Version 1__evaluate','{}',2,1.79598993166953849794e+09,1.79598993170318222039e+09,1.79598993170318222039e+09,'');
CREATE TABLE runs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	prompt_id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	label VARCHAR(500) NOT NULL, 
	slot VARCHAR(10) NOT NULL, 
	subset VARCHAR(10) NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	stage VARCHAR(20) NOT NULL, 
	snapshot JSON NOT NULL, 
	options JSON NOT NULL, 
	total INTEGER NOT NULL, 
	succeeded INTEGER NOT NULL, 
	failed INTEGER NOT NULL, 
	cached INTEGER NOT NULL, 
	prompt_tokens INTEGER NOT NULL, 
	completion_tokens INTEGER NOT NULL, 
	cost FLOAT, 
	failures JSON NOT NULL, 
	message TEXT NOT NULL, 
	"plan" JSON NOT NULL, 
	metrics JSON NOT NULL, 
	cancel_requested BOOLEAN NOT NULL, 
	holder VARCHAR(200), 
	fence INTEGER NOT NULL, 
	lease_until FLOAT NOT NULL, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	asked_at DATETIME, 
	completed_at DATETIME
, stale TEXT DEFAULT '' NOT NULL, created_by JSON, organization INTEGER, judged BOOLEAN DEFAULT 0 NOT NULL);
INSERT INTO "runs" VALUES(1,1,1,1,'Topics__Version 1__evaluate','evaluate','HasGT','Completed','done','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"estimated":0.01,"task_ids":[1,2,3,4,5,6,7,8],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',8,7,1,0,1199,90,0.001379,'{"invalid_answer":1}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":0,"clear":[],"skip":[],"model_version":"","note":""}','{"overall":{"n":8,"correct":6,"failed":1,"accuracy":0.75,"low":0.4092754279272518,"high":0.9285207879020444,"score":0.75},"controls":{"topic":{"n":8,"correct":6,"failed":1,"accuracy":0.75,"low":0.4092754279272518,"high":0.9285207879020444,"score":0.75,"classes":[{"class":"Billing","support":3,"given":3,"correct":3,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.4385029643606803,"recall_high":1.0},{"class":"Bug","support":3,"given":2,"correct":2,"precision":1.0,"recall":0.6666666666666666,"f1":0.8,"recall_low":0.2076595988078242,"recall_high":0.9385080559790691},{"class":"Praise","support":2,"given":2,"correct":1,"precision":0.5,"recall":0.5,"f1":0.5,"recall_low":0.09453120463920085,"recall_high":0.9054687953607992}],"classes_left_out":0,"macro":{"classes":3,"precision":0.8333333333333334,"recall":0.7222222222222222,"f1":0.7666666666666666,"f1_low":0.3998214285714286,"f1_high":1.0},"micro":{"support":8,"given":7,"correct":6,"precision":0.8571428571428571,"recall":0.75,"f1":0.8,"f1_low":0.5,"f1_high":1.0},"confusion":[{"true":"Billing","given":"Billing","n":3},{"true":"Bug","given":"Bug","n":2},{"true":"Bug","given":"Praise","n":1},{"true":"Praise","given":"Praise","n":1},{"true":"Praise","given":null,"n":1}],"confusion_left_out":0}},"calibration":{"n":7,"ece":0.26428571428571423,"brier":0.08392857142857142,"bins":[{"from":0.4,"to":0.5,"n":1,"score":0.4000000000000001,"accuracy":0.0,"low":0.0,"high":0.7934506882081973},{"from":0.5,"to":0.6,"n":1,"score":0.55,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.7,"to":0.8,"n":2,"score":0.7250000000000001,"accuracy":1.0,"low":0.34238022395464934,"high":1.0},{"from":0.8,"to":0.9,"n":2,"score":0.8250000000000001,"accuracy":1.0,"low":0.34238022395464934,"high":1.0},{"from":0.9,"to":1.0,"n":1,"score":0.9000000000000001,"accuracy":1.0,"low":0.20654931179180275,"high":1.0}]},"truth":"ground_truth","ground_truth":"66087376544f85a8"}',0,NULL,1,0.0,'2026-11-29 22:05:30.029749','2026-11-29 22:05:30.068542','2026-11-29 22:05:30.456350','2026-11-29 22:05:31.054473','','{"id":7,"username":"ada","email":"ada@example.com","first_name":"Ada","last_name":"L.","avatar":null}',1,1);
INSERT INTO "runs" VALUES(2,1,2,1,'Topics__Version 2__evaluate','evaluate','HasGT','Completed','done','{"version_title":"Version 2","text":"Name the topic of this message. {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[1,2,3,4,5,6,7,8],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',8,8,0,0,949,72,1.09299999999999978769e-03,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":7,"clear":[1,2,3,4,5,6,7],"skip":[],"model_version":"","note":""}','{"overall":{"n":8,"correct":7,"failed":0,"accuracy":0.875,"low":0.5291118149439162,"high":0.9775825088000282,"score":0.875},"controls":{"topic":{"n":8,"correct":7,"failed":0,"accuracy":0.875,"low":0.5291118149439162,"high":0.9775825088000282,"score":0.875,"classes":[{"class":"Billing","support":3,"given":3,"correct":3,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.4385029643606803,"recall_high":1.0},{"class":"Bug","support":3,"given":2,"correct":2,"precision":1.0,"recall":0.6666666666666666,"f1":0.8,"recall_low":0.2076595988078242,"recall_high":0.9385080559790691},{"class":"Praise","support":2,"given":3,"correct":2,"precision":0.6666666666666666,"recall":1.0,"f1":0.8,"recall_low":0.34238022395464934,"recall_high":1.0}],"classes_left_out":0,"macro":{"classes":3,"precision":0.8888888888888888,"recall":0.8888888888888888,"f1":0.8666666666666667,"f1_low":0.5238095238095238,"f1_high":1.0},"micro":{"support":8,"given":8,"correct":7,"precision":0.875,"recall":0.875,"f1":0.875,"f1_low":0.625,"f1_high":1.0},"confusion":[{"true":"Billing","given":"Billing","n":3},{"true":"Bug","given":"Bug","n":2},{"true":"Praise","given":"Praise","n":2},{"true":"Bug","given":"Praise","n":1}],"confusion_left_out":0}},"calibration":{"n":8,"ece":0.19999999999999996,"brier":0.11875,"bins":[{"from":0.5,"to":0.6,"n":2,"score":0.55,"accuracy":0.5,"low":0.09453120463920085,"high":0.9054687953607992},{"from":0.6,"to":0.7,"n":2,"score":0.625,"accuracy":1.0,"low":0.34238022395464934,"high":1.0},{"from":0.7,"to":0.8,"n":1,"score":0.7000000000000001,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.8,"to":0.9,"n":2,"score":0.8250000000000001,"accuracy":1.0,"low":0.34238022395464934,"high":1.0},{"from":0.9,"to":1.0,"n":1,"score":0.9000000000000001,"accuracy":1.0,"low":0.20654931179180275,"high":1.0}]},"truth":"ground_truth","ground_truth":"66087376544f85a8"}',0,NULL,1,0.0,'2026-11-29 22:05:31.155712','2026-11-29 22:05:31.173157','2026-11-29 22:05:31.512231','2026-11-29 22:05:32.030403','','null',NULL,1);
INSERT INTO "runs" VALUES(3,1,1,1,'Topics__Version 1__evaluate','evaluate','HasGT','Completed','done','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[1,2,3,4,5,6,7,8],"only_missing":false,"budget":null,"fresh":false,"truth":"annotations","activate":null,"follow":false}',8,8,0,7,119,9,0.000137,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":15,"clear":[8,9,10,11,12,13,14,15],"skip":[],"model_version":"","note":""}','{"overall":{"n":8,"correct":7,"failed":0,"accuracy":0.875,"low":0.5291118149439162,"high":0.9775825088000282,"score":0.875},"controls":{"topic":{"n":8,"correct":7,"failed":0,"accuracy":0.875,"low":0.5291118149439162,"high":0.9775825088000282,"score":0.875,"classes":[{"class":"Billing","support":3,"given":3,"correct":3,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.4385029643606803,"recall_high":1.0},{"class":"Bug","support":3,"given":2,"correct":2,"precision":1.0,"recall":0.6666666666666666,"f1":0.8,"recall_low":0.2076595988078242,"recall_high":0.9385080559790691},{"class":"Praise","support":2,"given":3,"correct":2,"precision":0.6666666666666666,"recall":1.0,"f1":0.8,"recall_low":0.34238022395464934,"recall_high":1.0}],"classes_left_out":0,"macro":{"classes":3,"precision":0.8888888888888888,"recall":0.8888888888888888,"f1":0.8666666666666667,"f1_low":0.5,"f1_high":1.0},"micro":{"support":8,"given":8,"correct":7,"precision":0.875,"recall":0.875,"f1":0.875,"f1_low":0.625,"f1_high":1.0},"confusion":[{"true":"Billing","given":"Billing","n":3},{"true":"Bug","given":"Bug","n":2},{"true":"Praise","given":"Praise","n":2},{"true":"Bug","given":"Praise","n":1}],"confusion_left_out":0}},"calibration":{"n":8,"ece":0.2749999999999999,"brier":0.08875,"bins":[{"from":0.4,"to":0.5,"n":1,"score":0.4000000000000001,"accuracy":0.0,"low":0.0,"high":0.7934506882081973},{"from":0.5,"to":0.6,"n":1,"score":0.55,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.6,"to":0.7,"n":1,"score":0.65,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.7,"to":0.8,"n":2,"score":0.7250000000000001,"accuracy":1.0,"low":0.34238022395464934,"high":1.0},{"from":0.8,"to":0.9,"n":2,"score":0.8250000000000001,"accuracy":1.0,"low":0.34238022395464934,"high":1.0},{"from":0.9,"to":1.0,"n":1,"score":0.9000000000000001,"accuracy":1.0,"low":0.20654931179180275,"high":1.0}]},"humans":{"overall":{"n":4,"accuracy":0.75,"low":0.30064184009690814,"high":0.954412739704631,"score":0.75},"controls":{"topic":{"n":4,"accuracy":0.75,"low":0.30064184009690814,"high":0.954412739704631,"score":0.75}}},"truth":"annotations","ground_truth":"d6ee7165c09bf0a2"}',0,NULL,1,0.0,'2026-11-29 22:05:32.130494','2026-11-29 22:05:32.149058','2026-11-29 22:05:32.328751','2026-11-29 22:05:32.982290','','null',NULL,1);
INSERT INTO "runs" VALUES(4,1,3,1,'Topics__Version 3__evaluate','evaluate','HasGT','Completed','done','{"version_title":"Version 3","text":"Which topic, as shown? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":2,"origin":"","prompt_title":"Topics","few_shot":{"max":2,"pool_revision":1,"pool_examples":12,"left_out":{"with_files":0,"too_long":0,"unreadable":0,"over_the_limit":0,"evaluated":0},"from":"the other evaluated tasks","pool_revisions":[1]}}','{"task_ids":[1,2,3,4,5,6,7,8],"only_missing":false,"budget":null,"fresh":true,"truth":"ground_truth","activate":null,"follow":false}',8,7,1,0,819,63,0.000945,'{"timeout":1}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":23,"clear":[16,17,18,19,20,22,23],"skip":[],"model_version":"","note":""}','{"overall":{"n":8,"correct":5,"failed":1,"accuracy":0.625,"low":0.305742392653771,"high":0.8631557152608772,"score":0.625},"controls":{"topic":{"n":8,"correct":5,"failed":1,"accuracy":0.625,"low":0.305742392653771,"high":0.8631557152608772,"score":0.625,"classes":[{"class":"Billing","support":3,"given":1,"correct":1,"precision":1.0,"recall":0.3333333333333333,"f1":0.5,"recall_low":0.061491944020930805,"recall_high":0.7923404011921757},{"class":"Bug","support":3,"given":5,"correct":3,"precision":0.6,"recall":1.0,"f1":0.75,"recall_low":0.4385029643606803,"recall_high":1.0},{"class":"Praise","support":2,"given":1,"correct":1,"precision":1.0,"recall":0.5,"f1":0.6666666666666666,"recall_low":0.09453120463920085,"recall_high":0.9054687953607992}],"classes_left_out":0,"macro":{"classes":3,"precision":0.8666666666666667,"recall":0.611111111111111,"f1":0.6388888888888888,"f1_low":0.2222222222222222,"f1_high":1.0},"micro":{"support":8,"given":7,"correct":5,"precision":0.7142857142857143,"recall":0.625,"f1":0.6666666666666666,"f1_low":0.3076923076923077,"f1_high":1.0},"confusion":[{"true":"Bug","given":"Bug","n":3},{"true":"Billing","given":"Bug","n":2},{"true":"Billing","given":"Billing","n":1},{"true":"Praise","given":"Praise","n":1},{"true":"Praise","given":null,"n":1}],"confusion_left_out":0}},"calibration":{"n":7,"ece":0.29999999999999993,"brier":0.10714285714285714,"bins":[{"from":0.3,"to":0.4,"n":1,"score":0.35000000000000003,"accuracy":0.0,"low":0.0,"high":0.7934506882081973},{"from":0.5,"to":0.6,"n":1,"score":0.5,"accuracy":0.0,"low":0.0,"high":0.7934506882081973},{"from":0.6,"to":0.7,"n":2,"score":0.625,"accuracy":1.0,"low":0.34238022395464934,"high":1.0},{"from":0.7,"to":0.8,"n":1,"score":0.75,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.8,"to":0.9,"n":1,"score":0.8500000000000001,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.9,"to":1.0,"n":1,"score":0.9000000000000001,"accuracy":1.0,"low":0.20654931179180275,"high":1.0}]},"truth":"ground_truth","ground_truth":"66087376544f85a8"}',0,NULL,1,0.0,'2026-11-29 22:05:33.055690','2026-11-29 22:05:33.073228','2026-11-29 22:05:39.200559','2026-11-29 22:05:39.742430','The version was edited after this run.','null',NULL,1);
INSERT INTO "runs" VALUES(5,1,1,1,'Topics__Version 1','all','All','Completed','done','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":null,"only_missing":false,"budget":null,"fresh":true,"truth":"ground_truth","activate":true,"follow":false}',10,8,2,0,1314,99,1.51199999999999988922e-03,'{"invalid_answer":1,"timeout":1}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":31,"clear":[],"skip":[],"model_version":"","note":""}','{}',0,NULL,1,0.0,'2026-11-29 22:05:39.783294','2026-11-29 22:05:39.796101','2026-11-29 22:05:39.955947','2026-11-29 22:05:40.303966','','null',NULL,0);
INSERT INTO "runs" VALUES(6,1,1,1,'Topics__Version 1','all','All','Completed','done','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[7,8],"only_missing":true,"budget":null,"fresh":false,"truth":"ground_truth","activate":false,"follow":false}',2,2,0,2,0,0,0.0,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":39,"clear":[],"skip":[],"model_version":"Topics__Version 1","note":""}','{}',0,NULL,1,0.0,'2026-11-29 22:05:40.382745','2026-11-29 22:05:40.400023','2026-11-29 22:05:40.631890','2026-11-29 22:05:40.918267','','null',NULL,0);
INSERT INTO "runs" VALUES(7,1,2,1,'Topics__Version 2','all','All','Completed','done','{"version_title":"Version 2","text":"Name the topic of this message. {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":null,"only_missing":false,"budget":5.0,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',10,10,0,8,235,18,0.000271,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":41,"clear":[32,33,34,35,36,37,40,41,38,39],"skip":[],"model_version":"Topics__Version 1","note":""}','{}',0,NULL,1,0.0,'2026-11-29 22:05:40.967536','2026-11-29 22:05:40.980424','2026-11-29 22:05:41.176512','2026-11-29 22:05:41.566435','','null',NULL,0);
INSERT INTO "runs" VALUES(8,1,1,1,'Topics__Version 1__evaluate','evaluate','Sample','Completed','done','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"sample_size":3,"task_ids":[1,2,3],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',3,3,0,3,0,0,0.0,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":51,"clear":[25,26,27],"skip":[],"model_version":"Topics__Version 2","note":""}','{"overall":{"n":3,"correct":2,"failed":0,"accuracy":0.6666666666666666,"low":0.2076595988078242,"high":0.9385080559790691,"score":0.6666666666666666},"controls":{"topic":{"n":3,"correct":2,"failed":0,"accuracy":0.6666666666666666,"low":0.2076595988078242,"high":0.9385080559790691,"score":0.6666666666666666,"classes":[{"class":"Billing","support":1,"given":1,"correct":1,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.20654931179180275,"recall_high":1.0},{"class":"Bug","support":1,"given":0,"correct":0,"precision":null,"recall":0.0,"f1":0.0,"recall_low":0.0,"recall_high":0.7934506882081973},{"class":"Praise","support":1,"given":2,"correct":1,"precision":0.5,"recall":1.0,"f1":0.6666666666666666,"recall_low":0.20654931179180275,"recall_high":1.0}],"classes_left_out":0,"macro":{"classes":3,"precision":0.5,"recall":0.6666666666666666,"f1":0.5555555555555555,"f1_low":0.0,"f1_high":1.0},"micro":{"support":3,"given":3,"correct":2,"precision":0.6666666666666666,"recall":0.6666666666666666,"f1":0.6666666666666666,"f1_low":0.0,"f1_high":1.0},"confusion":[{"true":"Billing","given":"Billing","n":1},{"true":"Bug","given":"Praise","n":1},{"true":"Praise","given":"Praise","n":1}],"confusion_left_out":0}},"calibration":{"n":3,"ece":0.4000000000000001,"brier":0.16166666666666668,"bins":[{"from":0.4,"to":0.5,"n":1,"score":0.4000000000000001,"accuracy":0.0,"low":0.0,"high":0.7934506882081973},{"from":0.5,"to":0.6,"n":1,"score":0.55,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.6,"to":0.7,"n":1,"score":0.65,"accuracy":1.0,"low":0.20654931179180275,"high":1.0}]},"truth":"ground_truth","ground_truth":"ae395709b4419147"}',0,NULL,1,0.0,'2026-11-29 22:05:41.630924','2026-11-29 22:05:41.644776','2026-11-29 22:05:41.888416','2026-11-29 22:05:42.418436','','null',NULL,1);
INSERT INTO "runs" VALUES(9,1,1,1,'Topics__Version 1__evaluate','evaluate','Sample','Completed','done','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"sample_size":4,"sample_seed":11,"task_ids":[2,5,8,10],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',4,4,0,4,0,0,0.0,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":58,"clear":[57,53,55],"skip":[],"model_version":"Topics__Version 2","note":""}','{"overall":{"n":3,"correct":2,"failed":0,"accuracy":0.6666666666666666,"low":0.2076595988078242,"high":0.9385080559790691,"score":0.6666666666666666},"controls":{"topic":{"n":3,"correct":2,"failed":0,"accuracy":0.6666666666666666,"low":0.2076595988078242,"high":0.9385080559790691,"score":0.6666666666666666,"classes":[{"class":"Bug","support":3,"given":2,"correct":2,"precision":1.0,"recall":0.6666666666666666,"f1":0.8,"recall_low":0.2076595988078242,"recall_high":0.9385080559790691},{"class":"Praise","support":0,"given":1,"correct":0,"precision":0.0,"recall":null,"f1":0.0,"recall_low":null,"recall_high":null}],"classes_left_out":0,"macro":{"classes":2,"precision":0.5,"recall":0.3333333333333333,"f1":0.4,"f1_low":0.0,"f1_high":1.0},"micro":{"support":3,"given":3,"correct":2,"precision":0.6666666666666666,"recall":0.6666666666666666,"f1":0.6666666666666666,"f1_low":0.0,"f1_high":1.0},"confusion":[{"true":"Bug","given":"Bug","n":2},{"true":"Bug","given":"Praise","n":1}],"confusion_left_out":0}},"calibration":{"n":3,"ece":0.25,"brier":0.07750000000000001,"bins":[{"from":0.4,"to":0.5,"n":1,"score":0.4000000000000001,"accuracy":0.0,"low":0.0,"high":0.7934506882081973},{"from":0.7,"to":0.8,"n":1,"score":0.75,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.9,"to":1.0,"n":1,"score":0.9000000000000001,"accuracy":1.0,"low":0.20654931179180275,"high":1.0}]},"truth":"ground_truth","ground_truth":"d82ef0e7785516b2"}',0,NULL,1,0.0,'2026-11-29 22:05:42.490427','2026-11-29 22:05:42.504657','2026-11-29 22:05:42.692378','2026-11-29 22:05:43.286475','','null',NULL,1);
INSERT INTO "runs" VALUES(10,1,1,1,'Topics__Version 1__evaluate','evaluate','Custom','Completed','done','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[7,8,9],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',3,3,0,3,0,0,0.0,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":67,"clear":[61,66],"skip":[],"model_version":"Topics__Version 2","note":""}','{"overall":{"n":2,"correct":2,"failed":0,"accuracy":1.0,"low":0.34238022395464934,"high":1.0,"score":1.0},"controls":{"topic":{"n":2,"correct":2,"failed":0,"accuracy":1.0,"low":0.34238022395464934,"high":1.0,"score":1.0,"classes":[{"class":"Billing","support":1,"given":1,"correct":1,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.20654931179180275,"recall_high":1.0},{"class":"Bug","support":1,"given":1,"correct":1,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.20654931179180275,"recall_high":1.0}],"classes_left_out":0,"macro":{"classes":2,"precision":1.0,"recall":1.0,"f1":1.0,"f1_low":null,"f1_high":null},"micro":{"support":2,"given":2,"correct":2,"precision":1.0,"recall":1.0,"f1":1.0,"f1_low":null,"f1_high":null},"confusion":[{"true":"Billing","given":"Billing","n":1},{"true":"Bug","given":"Bug","n":1}],"confusion_left_out":0}},"calibration":{"n":2,"ece":0.12499999999999989,"brier":0.016249999999999973,"bins":[{"from":0.8,"to":0.9,"n":1,"score":0.8500000000000001,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.9,"to":1.0,"n":1,"score":0.9000000000000001,"accuracy":1.0,"low":0.20654931179180275,"high":1.0}]},"truth":"ground_truth","ground_truth":"f3672e14ca93e821"}',0,NULL,1,0.0,'2026-11-29 22:05:43.358260','2026-11-29 22:05:43.364414','2026-11-29 22:05:43.607147','2026-11-29 22:05:44.150449','','null',NULL,1);
INSERT INTO "runs" VALUES(11,1,1,1,'Topics__Version 1__evaluate','evaluate','Custom','Completed','done','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"filters":{"conjunction":"and","items":[{"filter":"filter:tasks:id","operator":"less","type":"Number","value":3}]},"task_ids":[1,2],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',2,2,0,2,0,0,0.0,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":77,"clear":[70,72],"skip":[],"model_version":"Topics__Version 2","note":""}','{"overall":{"n":2,"correct":1,"failed":0,"accuracy":0.5,"low":0.09453120463920085,"high":0.9054687953607992,"score":0.5},"controls":{"topic":{"n":2,"correct":1,"failed":0,"accuracy":0.5,"low":0.09453120463920085,"high":0.9054687953607992,"score":0.5,"classes":[{"class":"Billing","support":1,"given":1,"correct":1,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.20654931179180275,"recall_high":1.0},{"class":"Bug","support":1,"given":0,"correct":0,"precision":null,"recall":0.0,"f1":0.0,"recall_low":0.0,"recall_high":0.7934506882081973},{"class":"Praise","support":0,"given":1,"correct":0,"precision":0.0,"recall":null,"f1":0.0,"recall_low":null,"recall_high":null}],"classes_left_out":0,"macro":{"classes":3,"precision":0.3333333333333333,"recall":0.3333333333333333,"f1":0.3333333333333333,"f1_low":0.0,"f1_high":1.0},"micro":{"support":2,"given":2,"correct":1,"precision":0.5,"recall":0.5,"f1":0.5,"f1_low":0.0,"f1_high":1.0},"confusion":[{"true":"Billing","given":"Billing","n":1},{"true":"Bug","given":"Praise","n":1}],"confusion_left_out":0}},"calibration":{"n":2,"ece":0.42500000000000004,"brier":0.18125000000000002,"bins":[{"from":0.4,"to":0.5,"n":1,"score":0.4000000000000001,"accuracy":0.0,"low":0.0,"high":0.7934506882081973},{"from":0.5,"to":0.6,"n":1,"score":0.55,"accuracy":1.0,"low":0.20654931179180275,"high":1.0}]},"truth":"ground_truth","ground_truth":"891d9df75679c5a0"}',0,NULL,1,0.0,'2026-11-29 22:05:44.210078','2026-11-29 22:05:44.228676','2026-11-29 22:05:44.416380','2026-11-29 22:05:44.854256','','null',NULL,1);
INSERT INTO "runs" VALUES(12,1,1,1,'Topics__Version 1__evaluate','evaluate','HasGT','Completed','done','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"samples":3,"task_ids":[1,2,3,4,5,6,7,8],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',8,8,0,0,1898,144,0.002186,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":86,"clear":[85,86,79,69,80,78,82,83],"skip":[],"model_version":"Topics__Version 2","note":""}','{"overall":{"n":8,"correct":7,"failed":0,"accuracy":0.875,"low":0.5291118149439162,"high":0.9775825088000282,"score":0.875},"controls":{"topic":{"n":8,"correct":7,"failed":0,"accuracy":0.875,"low":0.5291118149439162,"high":0.9775825088000282,"score":0.875,"classes":[{"class":"Billing","support":3,"given":3,"correct":3,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.4385029643606803,"recall_high":1.0},{"class":"Bug","support":3,"given":2,"correct":2,"precision":1.0,"recall":0.6666666666666666,"f1":0.8,"recall_low":0.2076595988078242,"recall_high":0.9385080559790691},{"class":"Praise","support":2,"given":3,"correct":2,"precision":0.6666666666666666,"recall":1.0,"f1":0.8,"recall_low":0.34238022395464934,"recall_high":1.0}],"classes_left_out":0,"macro":{"classes":3,"precision":0.8888888888888888,"recall":0.8888888888888888,"f1":0.8666666666666667,"f1_low":0.5,"f1_high":1.0},"micro":{"support":8,"given":8,"correct":7,"precision":0.875,"recall":0.875,"f1":0.875,"f1_low":0.625,"f1_high":1.0},"confusion":[{"true":"Billing","given":"Billing","n":3},{"true":"Bug","given":"Bug","n":2},{"true":"Praise","given":"Praise","n":2},{"true":"Bug","given":"Praise","n":1}],"confusion_left_out":0}},"calibration":{"n":8,"ece":0.12500000000000006,"brier":0.12500000000000003,"bins":[{"from":0.6,"to":0.7,"n":6,"score":0.6666666666666666,"accuracy":0.8333333333333334,"low":0.4364971749742326,"high":0.969946630588185},{"from":0.9,"to":1.0,"n":2,"score":1.0,"accuracy":1.0,"low":0.34238022395464934,"high":1.0}]},"truth":"ground_truth","ground_truth":"66087376544f85a8"}',0,NULL,1,0.0,'2026-11-29 22:05:44.905851','2026-11-29 22:05:44.924465','2026-11-29 22:05:45.153887','2026-11-29 22:05:45.647725','','null',NULL,1);
INSERT INTO "runs" VALUES(13,1,2,1,'Topics__Version 2','all','All','Completed','done','{"version_title":"Version 2","text":"Name the topic of this message. {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":null,"only_missing":false,"budget":1.5,"fresh":false,"truth":"ground_truth","activate":null,"follow":true}',10,10,0,10,0,0,0.0,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":96,"clear":[42,43,44,45,46,47,48,49,50,51],"skip":[],"model_version":"Topics__Version 2","note":""}','{}',0,NULL,1,0.0,'2026-11-29 22:05:45.683325','2026-11-29 22:05:45.700314','2026-11-29 22:05:45.920489','2026-11-29 22:05:46.307238','','null',NULL,0);
INSERT INTO "runs" VALUES(14,1,2,1,'Topics__Version 2__evaluate','evaluate','Sample','Failed','asking','{"version_title":"Version 2","text":"Name the topic of this message. {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"sample_size":2,"task_ids":[1,2],"only_missing":false,"budget":null,"fresh":true,"truth":"ground_truth","activate":null,"follow":false}',2,0,2,0,0,0,0.0,'{"timeout":2}','None of the 2 tasks got a prediction; older predictions were left in place. `ls-prompts runs failures 14` lists the reasons.','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb"}','{}',0,NULL,1,0.0,'2026-11-29 22:05:46.361228','2026-11-29 22:05:46.376608','2026-11-29 22:05:46.527987','2026-11-29 22:05:46.558294','','null',NULL,0);
INSERT INTO "runs" VALUES(15,1,2,1,'Topics__Version 2__evaluate','evaluate','HasGT','Failed','done','{"version_title":"Version 2","text":"Name the topic of this message. {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[1,2,3,4,5,6,7,8],"only_missing":false,"budget":null,"fresh":true,"truth":"ground_truth","activate":null,"follow":false}',8,4,0,0,475,36,0.000547,'{}','You exceeded your quota.','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","stopped":{"status":"Failed","message":"You exceeded your quota."},"watermark":106,"clear":[89,90,91,92],"skip":[],"model_version":"Topics__Version 2","note":""}','{"overall":{"n":4,"correct":4,"failed":0,"accuracy":1.0,"low":0.5101091596030786,"high":1.0,"score":1.0},"controls":{"topic":{"n":4,"correct":4,"failed":0,"accuracy":1.0,"low":0.5101091596030786,"high":1.0,"score":1.0,"classes":[{"class":"Billing","support":2,"given":2,"correct":2,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.34238022395464934,"recall_high":1.0},{"class":"Bug","support":1,"given":1,"correct":1,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.20654931179180275,"recall_high":1.0},{"class":"Praise","support":1,"given":1,"correct":1,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.20654931179180275,"recall_high":1.0}],"classes_left_out":0,"macro":{"classes":3,"precision":1.0,"recall":1.0,"f1":1.0,"f1_low":null,"f1_high":null},"micro":{"support":4,"given":4,"correct":4,"precision":1.0,"recall":1.0,"f1":1.0,"f1_low":null,"f1_high":null},"confusion":[{"true":"Billing","given":"Billing","n":2},{"true":"Bug","given":"Bug","n":1},{"true":"Praise","given":"Praise","n":1}],"confusion_left_out":0}},"calibration":{"n":4,"ece":0.375,"brier":0.14374999999999996,"bins":[{"from":0.5,"to":0.6,"n":1,"score":0.55,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.6,"to":0.7,"n":2,"score":0.625,"accuracy":1.0,"low":0.34238022395464934,"high":1.0},{"from":0.7,"to":0.8,"n":1,"score":0.7000000000000001,"accuracy":1.0,"low":0.20654931179180275,"high":1.0}]},"truth":"ground_truth","ground_truth":"124a501cf89e3976"}',0,NULL,1,0.0,'2026-11-29 22:05:46.616025','2026-11-29 22:05:46.628295','2026-11-29 22:05:46.835571','2026-11-29 22:05:47.318434','','null',NULL,1);
INSERT INTO "runs" VALUES(16,1,1,1,'Topics__Version 1__evaluate','evaluate','HasGT','Canceled','pending','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[1,2,3,4,5,6,7,8],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',8,0,0,0,0,0,0.0,'{}','Canceled before anything was asked.','{}','{}',1,NULL,1,0.0,'2026-11-29 22:05:47.385010','2026-11-29 22:05:47.419906',NULL,'2026-11-29 22:05:47.430476','','null',NULL,0);
INSERT INTO "runs" VALUES(17,1,2,1,'Topics__Version 2__evaluate','evaluate','HasGT','Canceled','done','{"version_title":"Version 2","text":"Name the topic of this message. {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[1,2,3,4,5,6,7,8],"only_missing":false,"budget":null,"fresh":true,"truth":"ground_truth","activate":null,"follow":false}',8,3,0,0,355,27,4.0899999999999996688e-04,'{}','Canceled; what was answered is kept and published.','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","stopped":{"status":"Canceled","message":"Canceled; what was answered is kept and published."},"watermark":116,"clear":[113,114,115],"skip":[],"model_version":"Topics__Version 2","note":""}','{"overall":{"n":3,"correct":3,"failed":0,"accuracy":1.0,"low":0.4385029643606803,"high":1.0,"score":1.0},"controls":{"topic":{"n":3,"correct":3,"failed":0,"accuracy":1.0,"low":0.4385029643606803,"high":1.0,"score":1.0,"classes":[{"class":"Billing","support":1,"given":1,"correct":1,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.20654931179180275,"recall_high":1.0},{"class":"Bug","support":1,"given":1,"correct":1,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.20654931179180275,"recall_high":1.0},{"class":"Praise","support":1,"given":1,"correct":1,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.20654931179180275,"recall_high":1.0}],"classes_left_out":0,"macro":{"classes":3,"precision":1.0,"recall":1.0,"f1":1.0,"f1_low":null,"f1_high":null},"micro":{"support":3,"given":3,"correct":3,"precision":1.0,"recall":1.0,"f1":1.0,"f1_low":null,"f1_high":null},"confusion":[{"true":"Billing","given":"Billing","n":1},{"true":"Bug","given":"Bug","n":1},{"true":"Praise","given":"Praise","n":1}],"confusion_left_out":0}},"calibration":{"n":3,"ece":0.39999999999999997,"brier":0.16166666666666663,"bins":[{"from":0.5,"to":0.6,"n":1,"score":0.55,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.6,"to":0.7,"n":2,"score":0.625,"accuracy":1.0,"low":0.34238022395464934,"high":1.0}]},"truth":"ground_truth","ground_truth":"ae395709b4419147"}',1,NULL,1,0.0,'2026-11-29 22:05:47.507559','2026-11-29 22:05:47.524919','2026-11-29 22:05:49.328137','2026-11-29 22:05:49.820255','','null',NULL,1);
INSERT INTO "runs" VALUES(18,1,1,1,'Topics__Version 1','all','Custom','Failed','verifying','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[1,2,3],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":false,"follow":false}',3,3,0,3,0,0,0.0,'{}','After 5 rounds 10 predictions are missing and 0 are left over in Label Studio. Look at Label Studio''s log, then `ls-prompts runs resume 18`.','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":120,"clear":[97,98,99],"skip":[],"model_version":"Topics__Version 2"}','{}',0,NULL,1,0.0,'2026-11-29 22:05:49.893848','2026-11-29 22:05:49.912949','2026-11-29 22:05:50.160370','2026-11-29 22:05:50.982748','','null',NULL,0);
INSERT INTO "runs" VALUES(19,2,4,2,'Rich__Version 1__evaluate','evaluate','HasGT','Completed','done','{"version_title":"Version 1","text":"Read {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Rich"}','{"task_ids":[11,12,13,14],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',4,3,1,0,1249,54,1.35700000000000013319e-03,'{"invalid_answer":1}','','{"newest_task":[14,"2026-11-29T22:05:25.008638Z"],"config":"bd2f9d599a3e0a603afb00b31f4bf02fd7b84fc24964f615b48bd8980278b841","watermark":0,"clear":[],"skip":[],"model_version":"","note":""}','{"overall":{"n":4,"correct":0,"failed":1,"accuracy":0.0,"low":0.0,"high":0.4898908403969213,"score":0.4892436594202898},"controls":{"who":{"n":4,"correct":0,"failed":1,"accuracy":0.0,"low":0.0,"high":0.4898908403969213,"score":0.37364130434782605,"classes":[{"class":"Person","support":5,"given":3,"correct":2,"precision":0.6666666666666666,"recall":0.4,"f1":0.5,"recall_low":0.11762077314099711,"recall_high":0.7692757205908813},{"class":"Place","support":3,"given":3,"correct":1,"precision":0.3333333333333333,"recall":0.3333333333333333,"f1":0.3333333333333333,"recall_low":0.061491944020930805,"recall_high":0.7923404011921757}],"classes_left_out":0,"macro":{"classes":2,"precision":0.5,"recall":0.3666666666666667,"f1":0.41666666666666663,"f1_low":0.0,"f1_high":0.6000000000000001},"micro":{"support":8,"given":6,"correct":3,"precision":0.5,"recall":0.375,"f1":0.42857142857142855,"f1_low":0.0,"f1_high":0.6},"confusion":[{"true":"Person","given":"Person","n":2},{"true":"Person","given":null,"n":2},{"true":"Place","given":null,"n":2},{"true":"Person","given":"Place","n":1},{"true":"Place","given":"Place","n":1},{"true":null,"given":"Person","n":1},{"true":null,"given":"Place","n":1}],"confusion_left_out":0,"overlap":{"characters":28,"precision":0.5555555555555556,"recall":0.5357142857142857,"f1":0.5454545454545454,"classes":{"Person":{"characters":15,"precision":0.5,"recall":0.4,"f1":0.4444444444444444},"Place":{"characters":13,"precision":0.6,"recall":0.6923076923076923,"f1":0.6428571428571429}}}},"people":{"n":4,"correct":2,"failed":1,"accuracy":0.5,"low":0.15003898774401983,"high":0.8499610122559802,"score":0.5,"error":{"n":3,"mae":0.3333333333333333,"worst":1.0}},"rank":{"n":4,"correct":1,"failed":1,"accuracy":0.25,"low":0.04558726029536886,"high":0.6993581599030917,"score":0.5833333333333333,"order":{"n":4,"kendall_tau":0.16666666666666663}},"tone":{"n":4,"correct":2,"failed":1,"accuracy":0.5,"low":0.15003898774401983,"high":0.8499610122559802,"score":0.5,"classes":[{"class":"cold","support":2,"given":1,"correct":1,"precision":1.0,"recall":0.5,"f1":0.6666666666666666,"recall_low":0.09453120463920085,"recall_high":0.9054687953607992},{"class":"warm","support":2,"given":2,"correct":1,"precision":0.5,"recall":0.5,"f1":0.5,"recall_low":0.09453120463920085,"recall_high":0.9054687953607992}],"classes_left_out":0,"macro":{"classes":2,"precision":0.75,"recall":0.5,"f1":0.5833333333333333,"f1_low":0.0,"f1_high":1.0},"micro":{"support":4,"given":3,"correct":2,"precision":0.6666666666666666,"recall":0.5,"f1":0.5714285714285714,"f1_low":0.0,"f1_high":1.0},"confusion":[{"true":"cold","given":"cold","n":1},{"true":"cold","given":"warm","n":1},{"true":"warm","given":"warm","n":1},{"true":"warm","given":null,"n":1}],"confusion_left_out":0}},"per_region":{"sure":{"n":8,"correct":3,"failed":2,"accuracy":0.375,"low":0.13684428473912288,"high":0.6942576073462291,"score":0.375,"classes":[{"class":"yes","support":5,"given":4,"correct":2,"precision":0.5,"recall":0.4,"f1":0.4444444444444444,"recall_low":0.11762077314099711,"recall_high":0.7692757205908813},{"class":"no","support":3,"given":2,"correct":1,"precision":0.5,"recall":0.3333333333333333,"f1":0.4,"recall_low":0.061491944020930805,"recall_high":0.7923404011921757}],"classes_left_out":0,"macro":{"classes":2,"precision":0.5,"recall":0.3666666666666667,"f1":0.4222222222222222,"f1_low":0.0,"f1_high":0.7333333333333334},"micro":{"support":8,"given":6,"correct":3,"precision":0.5,"recall":0.375,"f1":0.42857142857142855,"f1_low":0.0,"f1_high":0.75},"confusion":[{"true":"yes","given":null,"n":3},{"true":"yes","given":"yes","n":2},{"true":"no","given":"no","n":1},{"true":"no","given":"yes","n":1},{"true":"no","given":null,"n":1},{"true":null,"given":"no","n":1},{"true":null,"given":"yes","n":1}],"confusion_left_out":0}},"calibration":{"n":3,"ece":0.75,"brier":0.5625,"bins":[{"from":0.7,"to":0.8,"n":3,"score":0.75,"accuracy":0.0,"low":0.0,"high":0.5614970356393196}]},"truth":"ground_truth","ground_truth":"9f990ed4d0b09568"}',0,NULL,1,0.0,'2026-11-29 22:05:51.159713','2026-11-29 22:05:51.172924','2026-11-29 22:05:51.336022','2026-11-29 22:05:51.982505','','null',NULL,1);
INSERT INTO "runs" VALUES(20,3,5,3,'Boxes__Version 1__evaluate','evaluate','HasGT','Completed','done','{"version_title":"Version 1","text":"Find the animals. {image}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Boxes"}','{"job_id":"worker-1","task_ids":[15,16,17],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',3,2,1,0,10,8,NULL,'{"timeout":1}','','{"newest_task":[17,"2026-11-29T22:05:25.008694Z"],"config":"896be389dc914df5d23b07939a4b1f2f55ecd2c2dd1dff22f9f19812323b7098","watermark":0,"clear":[],"skip":[],"model_version":"","note":""}','{"overall":{"n":3,"correct":1,"failed":1,"accuracy":0.3333333333333333,"low":0.061491944020930805,"high":0.7923404011921757,"score":0.3333333333333333},"controls":{"box":{"n":3,"correct":1,"failed":1,"accuracy":0.3333333333333333,"low":0.061491944020930805,"high":0.7923404011921757,"score":0.3333333333333333,"classes":[{"class":"Cat","support":2,"given":2,"correct":1,"precision":0.5,"recall":0.5,"f1":0.5,"recall_low":0.09453120463920085,"recall_high":0.9054687953607992},{"class":"Dog","support":2,"given":0,"correct":0,"precision":null,"recall":0.0,"f1":0.0,"recall_low":0.0,"recall_high":0.6576197760453506}],"classes_left_out":0,"macro":{"classes":2,"precision":0.25,"recall":0.25,"f1":0.25,"f1_low":0.0,"f1_high":1.0},"micro":{"support":4,"given":2,"correct":1,"precision":0.5,"recall":0.25,"f1":0.3333333333333333,"f1_low":0.0,"f1_high":1.0},"confusion":[{"true":"Cat","given":"Cat","n":1},{"true":"Cat","given":null,"n":1},{"true":"Dog","given":"Cat","n":1},{"true":"Dog","given":null,"n":1}],"confusion_left_out":0}},"calibration":{"n":2,"ece":0.0,"brier":0.25,"bins":[{"from":0.5,"to":0.6,"n":2,"score":0.5,"accuracy":0.5,"low":0.09453120463920085,"high":0.9054687953607992}]},"truth":"ground_truth","ground_truth":"55bfc8f6afc42fbd"}',0,NULL,1,0.0,'2026-11-29 22:05:52.155764','2026-11-29 22:05:52.155764','2026-11-29 22:05:52.327069','2026-11-29 22:05:52.782447','','null',NULL,1);
INSERT INTO "runs" VALUES(21,1,6,1,'Topics__Version 4__evaluate','evaluate','HasGT','Completed','done','{"version_title":"Version 4","text":"Say which topic {text} has.","provider":"Custom","model":"simulated","connection_id":1,"parameters":{"temperature":0},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"held_out":true,"task_ids":[1,8],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',2,2,0,0,236,18,0.000272,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":120,"clear":[118,112],"skip":[],"model_version":"","note":""}','{"overall":{"n":2,"correct":2,"failed":0,"accuracy":1.0,"low":0.34238022395464934,"high":1.0,"score":1.0},"controls":{"topic":{"n":2,"correct":2,"failed":0,"accuracy":1.0,"low":0.34238022395464934,"high":1.0,"score":1.0,"classes":[{"class":"Billing","support":1,"given":1,"correct":1,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.20654931179180275,"recall_high":1.0},{"class":"Bug","support":1,"given":1,"correct":1,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.20654931179180275,"recall_high":1.0}],"classes_left_out":0,"macro":{"classes":2,"precision":1.0,"recall":1.0,"f1":1.0,"f1_low":null,"f1_high":null},"micro":{"support":2,"given":2,"correct":2,"precision":1.0,"recall":1.0,"f1":1.0,"f1_low":null,"f1_high":null},"confusion":[{"true":"Billing","given":"Billing","n":1},{"true":"Bug","given":"Bug","n":1}],"confusion_left_out":0}},"calibration":{"n":2,"ece":0.2749999999999999,"brier":0.10624999999999997,"bins":[{"from":0.5,"to":0.6,"n":1,"score":0.55,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.9,"to":1.0,"n":1,"score":0.9000000000000001,"accuracy":1.0,"low":0.20654931179180275,"high":1.0}]},"truth":"ground_truth","ground_truth":"446e4a9a253cc4ac"}',0,NULL,1,0.0,'2026-11-29 22:05:53.071787','2026-11-29 22:05:53.088702','2026-11-29 22:05:53.280581','2026-11-29 22:05:53.846477','','null',NULL,1);
INSERT INTO "runs" VALUES(22,1,6,1,'Topics__Version 4__evaluate','evaluate','HasGT','Completed','done','{"version_title":"Version 4","text":"Say which topic {text} has.","provider":"Custom","model":"simulated","connection_id":1,"parameters":{"temperature":0},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"caution":"A teacher model saw some of these tasks with their right answers when it wrote this version: the figures flatter it. Evaluate on the held-out tasks for a fair score.","task_ids":[1,2,3,4,5,6,7,8],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',8,8,0,2,706,54,8.13999999999999944953e-04,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":135,"clear":[134,132,133,131,128,129,130,135],"skip":[],"model_version":"","note":""}','{"overall":{"n":8,"correct":7,"failed":0,"accuracy":0.875,"low":0.5291118149439162,"high":0.9775825088000282,"score":0.875},"controls":{"topic":{"n":8,"correct":7,"failed":0,"accuracy":0.875,"low":0.5291118149439162,"high":0.9775825088000282,"score":0.875,"classes":[{"class":"Billing","support":3,"given":2,"correct":2,"precision":1.0,"recall":0.6666666666666666,"f1":0.8,"recall_low":0.2076595988078242,"recall_high":0.9385080559790691},{"class":"Bug","support":3,"given":4,"correct":3,"precision":0.75,"recall":1.0,"f1":0.8571428571428571,"recall_low":0.4385029643606803,"recall_high":1.0},{"class":"Praise","support":2,"given":2,"correct":2,"precision":1.0,"recall":1.0,"f1":1.0,"recall_low":0.34238022395464934,"recall_high":1.0}],"classes_left_out":0,"macro":{"classes":3,"precision":0.9166666666666666,"recall":0.8888888888888888,"f1":0.8857142857142857,"f1_low":0.5634343434343435,"f1_high":1.0},"micro":{"support":8,"given":8,"correct":7,"precision":0.875,"recall":0.875,"f1":0.875,"f1_low":0.625,"f1_high":1.0},"confusion":[{"true":"Bug","given":"Bug","n":3},{"true":"Billing","given":"Billing","n":2},{"true":"Praise","given":"Praise","n":2},{"true":"Billing","given":"Bug","n":1}],"confusion_left_out":0}},"calibration":{"n":8,"ece":0.18749999999999997,"brier":0.10874999999999999,"bins":[{"from":0.5,"to":0.6,"n":2,"score":0.525,"accuracy":0.5,"low":0.09453120463920085,"high":0.9054687953607992},{"from":0.6,"to":0.7,"n":2,"score":0.625,"accuracy":1.0,"low":0.34238022395464934,"high":1.0},{"from":0.7,"to":0.8,"n":1,"score":0.75,"accuracy":1.0,"low":0.20654931179180275,"high":1.0},{"from":0.8,"to":0.9,"n":2,"score":0.8250000000000001,"accuracy":1.0,"low":0.34238022395464934,"high":1.0},{"from":0.9,"to":1.0,"n":1,"score":0.9000000000000001,"accuracy":1.0,"low":0.20654931179180275,"high":1.0}]},"truth":"ground_truth","ground_truth":"66087376544f85a8"}',0,NULL,1,0.0,'2026-11-29 22:05:53.915287','2026-11-29 22:05:53.932369','2026-11-29 22:05:54.172420','2026-11-29 22:05:54.738467','','null',NULL,1);
INSERT INTO "runs" VALUES(23,1,2,1,'Topics__Version 2','all','Custom','Pending','pending','{"version_title":"Version 2","text":"Name the topic of this message. {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[8,9,10],"only_missing":false,"budget":null,"fresh":false,"activate":null,"continues":"/predict"}',3,0,0,0,0,0,0.0,'{}','','{}','{}',0,NULL,0,0.0,'2026-11-29 22:05:55.396920',NULL,NULL,NULL,'','null',NULL,0);
INSERT INTO "runs" VALUES(24,1,1,1,'Topics__Version 1__evaluate','evaluate','Custom','Pending','pending','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[1,2],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',2,0,0,0,0,0,0.0,'{}','','{}','{}',0,NULL,0,0.0,'2026-11-29 22:05:55.481934',NULL,NULL,NULL,'','null',NULL,0);
INSERT INTO "runs" VALUES(25,1,1,1,'Topics__Version 1__evaluate','evaluate','Custom','InProgress','asking','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[1,2],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',2,2,0,2,0,0,0.0,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","ask_again":true}','{}',0,'host:1:a',1,100000000000.0,'2026-11-29 22:05:55.557964','2026-11-29 22:05:55.565603',NULL,NULL,'','null',NULL,1);
INSERT INTO "runs" VALUES(26,1,1,1,'Topics__Version 1__evaluate','evaluate','Custom','InProgress','planning','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[1,2],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',2,2,0,2,0,0,0.0,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","stopped":{"status":"Canceled","message":"Canceled; what was answered is kept and published."}}','{}',0,'host:1:a',1,100000000000.0,'2026-11-29 22:05:56.293709','2026-11-29 22:05:56.305349','2026-11-29 22:05:56.461708',NULL,'','null',NULL,1);
INSERT INTO "runs" VALUES(27,1,1,1,'Topics__Version 1__evaluate','evaluate','Custom','InProgress','clearing','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[1,2],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',2,2,0,2,0,0,0.0,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":157,"clear":[156,157],"skip":[],"model_version":""}','{}',0,'host:1:a',1,100000000000.0,'2026-11-29 22:05:56.877503','2026-11-29 22:05:56.892322','2026-11-29 22:05:57.028163',NULL,'','null',NULL,1);
INSERT INTO "runs" VALUES(28,1,1,1,'Topics__Version 1__evaluate','evaluate','Custom','InProgress','loading','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[1,2],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',2,2,0,2,0,0,0.0,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":161,"clear":[160,161],"skip":[],"model_version":""}','{}',0,'host:1:a',1,100000000000.0,'2026-11-29 22:05:57.669497','2026-11-29 22:05:57.688607','2026-11-29 22:05:57.864415',NULL,'','null',NULL,1);
INSERT INTO "runs" VALUES(29,1,1,1,'Topics__Version 1__evaluate','evaluate','Custom','InProgress','verifying','{"version_title":"Version 1","text":"Which topic? {text}","provider":"Custom","model":"simulated","connection_id":1,"parameters":{},"max_few_shot_examples":0,"origin":"","prompt_title":"Topics"}','{"task_ids":[1,2],"only_missing":false,"budget":null,"fresh":false,"truth":"ground_truth","activate":null,"follow":false}',2,2,0,2,0,0,0.0,'{}','','{"newest_task":[10,"2026-11-29T22:05:25.008566Z"],"config":"437c301d5ca13a40c9fb1acdcfb503c2011e262d98b8608e1d40c3a2bbf89ccb","watermark":165,"clear":[164,165],"skip":[],"model_version":""}','{}',0,'host:1:a',1,100000000000.0,'2026-11-29 22:05:58.424890','2026-11-29 22:05:58.440685','2026-11-29 22:05:58.564678',NULL,'','null',NULL,1);
CREATE TABLE served_predictions (
	id INTEGER NOT NULL, 
	project_id INTEGER NOT NULL, 
	task_id INTEGER NOT NULL, 
	label VARCHAR(500) NOT NULL, 
	served_at DATETIME NOT NULL, sweep_at FLOAT, sweeps INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_served_predictions PRIMARY KEY (id)
);
CREATE TABLE spendings (
	connection_id INTEGER NOT NULL, 
	day VARCHAR(10) NOT NULL, 
	cost FLOAT NOT NULL, 
	calls INTEGER NOT NULL, 
	unpriced INTEGER NOT NULL, 
	prompt_tokens INTEGER NOT NULL, 
	completion_tokens INTEGER NOT NULL, 
	CONSTRAINT pk_spendings PRIMARY KEY (connection_id, day)
);
INSERT INTO "spendings" VALUES(1,'2026-11-29',0.011117,85,4,9731,693);
CREATE TABLE splits (
	project_id INTEGER NOT NULL, 
	prompt_id INTEGER NOT NULL, 
	salt VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_splits PRIMARY KEY (project_id, prompt_id), 
	CONSTRAINT fk_splits_prompt_id_prompts FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE
);
INSERT INTO "splits" VALUES(1,1,'1898d324ca1a4751f2626726bdbc95eb','2026-11-29 22:05:52.883356');
CREATE TABLE versions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	prompt_id INTEGER NOT NULL, 
	title VARCHAR(200) NOT NULL, 
	text TEXT NOT NULL, 
	provider VARCHAR(40) NOT NULL, 
	model VARCHAR(200) NOT NULL, 
	connection_id INTEGER, 
	max_few_shot_examples INTEGER NOT NULL, 
	parameters JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, origin VARCHAR(20) DEFAULT '' NOT NULL, created_by JSON, organization INTEGER, refined_from INTEGER, 
	CONSTRAINT fk_versions_prompt_id_prompts FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE, 
	CONSTRAINT uq_versions_prompt_id UNIQUE (prompt_id, title)
);
INSERT INTO "versions" VALUES(1,1,'Version 1','Which topic? {text}','Custom','simulated',1,0,'{}','2026-11-29 22:05:29.715817','2026-11-29 22:05:29.715817','','null',NULL,NULL);
INSERT INTO "versions" VALUES(2,1,'Version 2','Name the topic of this message. {text}','Custom','simulated',1,0,'{}','2026-11-29 22:05:29.825097','2026-11-29 22:05:29.825097','','null',NULL,NULL);
INSERT INTO "versions" VALUES(3,1,'Version 3','Which topic, as shown? {text}','Custom','simulated',1,2,'{}','2026-11-29 22:05:29.895952','2026-11-29 22:05:29.895952','','null',NULL,NULL);
INSERT INTO "versions" VALUES(4,2,'Version 1','Read {text}','Custom','simulated',1,0,'{}','2026-11-29 22:05:51.063210','2026-11-29 22:05:51.063210','','null',NULL,NULL);
INSERT INTO "versions" VALUES(5,3,'Version 1','Find the animals. {image}','Custom','simulated',1,0,'{}','2026-11-29 22:05:52.056149','2026-11-29 22:05:52.056149','','null',NULL,NULL);
INSERT INTO "versions" VALUES(6,1,'Version 4','Say which topic {text} has.','Custom','simulated',1,0,'{"temperature":0}','2026-11-29 22:05:52.993947','2026-11-29 22:05:52.993947','','null',NULL,1);
CREATE TABLE web_sessions (
	"key" VARCHAR(64) NOT NULL, 
	encrypted_token TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	seen_at FLOAT NOT NULL, 
	CONSTRAINT pk_web_sessions PRIMARY KEY ("key")
);
CREATE INDEX ix_examples_project_id ON examples (project_id);
CREATE INDEX ix_labels_prompt_id ON labels (prompt_id);
CREATE INDEX ix_labels_version_id ON labels (version_id);
CREATE INDEX ix_promotions_project_id ON promotions (project_id);
CREATE INDEX ix_publications_label_studio_url ON publications (label_studio_url);
CREATE INDEX ix_publications_project_id ON publications (project_id);
CREATE INDEX ix_publications_run_id ON publications (run_id);
CREATE INDEX ix_runs_project_id ON runs (project_id);
CREATE INDEX ix_runs_prompt_id ON runs (prompt_id);
CREATE INDEX ix_runs_status ON runs (status);
CREATE INDEX ix_runs_version_id ON runs (version_id);
CREATE INDEX ix_served_project_task ON served_predictions (project_id, task_id);
CREATE INDEX ix_prompt_projects_project_id ON prompt_projects (project_id);
CREATE INDEX ix_versions_prompt_id ON versions (prompt_id);
CREATE INDEX ix_served_predictions_sweep_at ON served_predictions (sweep_at);
CREATE INDEX ix_events_project_id ON events (project_id);
CREATE INDEX ix_follows_project_id ON follows (project_id);
CREATE INDEX ix_jobs_prompt_id ON jobs (prompt_id);
CREATE INDEX ix_jobs_status ON jobs (status);
CREATE INDEX ix_outcomes_results ON outcomes (run_id, task_id, ok, flagged, "right", score);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('prompts',3);
INSERT INTO "sqlite_sequence" VALUES('versions',6);
INSERT INTO "sqlite_sequence" VALUES('runs',29);
INSERT INTO "sqlite_sequence" VALUES('jobs',2);
COMMIT;
