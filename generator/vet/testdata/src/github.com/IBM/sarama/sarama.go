// Package sarama stands for the client of a broker.
package sarama

type ProducerMessage struct{}

type AsyncProducer interface {
	Input() chan<- *ProducerMessage
}

type SyncProducer interface {
	SendMessage(m *ProducerMessage) (partition int32, offset int64, err error)
}
