-- A desk of the version before 1, with one case that is over.
CREATE TABLE doctors (
	id VARCHAR(64) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	licence VARCHAR(200) NOT NULL, 
	specialties JSON NOT NULL, 
	languages JSON NOT NULL, 
	password_hash VARCHAR(300) NOT NULL, 
	language VARCHAR(8) NOT NULL, 
	failures INTEGER NOT NULL, 
	locked_until DATETIME, 
	on_shift_since DATETIME, 
	available BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE events (
	id INTEGER NOT NULL, 
	"case" VARCHAR(64) NOT NULL, 
	at DATETIME NOT NULL, 
	who VARCHAR(64) NOT NULL, 
	what TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE stations (
	id VARCHAR(64) NOT NULL, 
	key_hash VARCHAR(64) NOT NULL, 
	added_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (key_hash)
);
CREATE TABLE cases (
	id VARCHAR(64) NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	intake JSON NOT NULL, 
	specialty VARCHAR(64) NOT NULL, 
	language VARCHAR(64) NOT NULL, 
	urgency INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	epoch INTEGER NOT NULL, 
	front BOOLEAN NOT NULL, 
	doctor VARCHAR(64), 
	leg INTEGER NOT NULL, 
	opened_at DATETIME NOT NULL, 
	claimed_at DATETIME, 
	lease_until DATETIME, 
	ring_until DATETIME, 
	live_since DATETIME, 
	doctor_gone_at DATETIME, 
	kiosk_gone_at DATETIME, 
	closed_at DATETIME, 
	draft JSON NOT NULL, 
	version INTEGER NOT NULL, 
	summary JSON, 
	handed_over VARCHAR(16) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(station) REFERENCES stations (id), 
	FOREIGN KEY(doctor) REFERENCES doctors (id)
);
CREATE UNIQUE INDEX one_case_for_a_doctor ON cases (doctor) WHERE state IN ('claimed','ringing','live','closing');
CREATE INDEX cases_by_state ON cases (state);
CREATE TABLE sessions (
	token_hash VARCHAR(64) NOT NULL, 
	doctor VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	PRIMARY KEY (token_hash), 
	FOREIGN KEY(doctor) REFERENCES doctors (id) ON DELETE CASCADE
);
CREATE TABLE consents (
	id INTEGER NOT NULL, 
	"case" VARCHAR(64) NOT NULL, 
	purpose VARCHAR(64) NOT NULL, 
	text_version VARCHAR(64) NOT NULL, 
	language VARCHAR(64) NOT NULL, 
	given BOOLEAN NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY("case") REFERENCES cases (id)
);
CREATE TABLE vitals (
	id INTEGER NOT NULL, 
	"case" VARCHAR(64) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	reading JSON NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY("case") REFERENCES cases (id)
);

INSERT INTO stations (id, key_hash, added_at) VALUES ('old-1', 'aa', '2026-11-20 00:00:00.000000');
INSERT INTO doctors (id, name, licence, specialties, languages, password_hash, language, failures, available) VALUES ('old-doctor', 'BS. Cũ', '1', '["general"]', '["vi"]', '', 'vi', 0, 0);
INSERT INTO cases (id, station, intake, specialty, language, urgency, state, epoch, front, leg, opened_at, closed_at, draft, version, handed_over) VALUES ('old-case', 'old-1', '{"complaint": "chóng mặt và đau đầu từ sáng nay", "patient": {"number": "079158003458"}}', 'general', 'vi', 3, 'closed', 0, 0, 0, '2026-11-20 00:00:00.000000', '2026-11-20 01:00:00.000000', '{}', 0, '');
INSERT INTO vitals ("case", kind, reading) VALUES ('old-case', 'blood_pressure', '{"values": [184, 102]}');
